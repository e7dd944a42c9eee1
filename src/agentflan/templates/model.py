"""A model folder's own chat template, with its own syntax for tools: Llama-3, Qwen, Mistral, Hermes and their like.

For each of them the format is that of its template and nothing is written down here; see also the dialect `native`,
which conversations with calls have to be of. Any other conversation goes through the template as the messages it has.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from msgspec import structs

from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Rendered
from agentflan.templates.layout.laid import laid
from agentflan.templates.own.family import Family, tools_of
from agentflan.templates.own.folder import folder
from agentflan.templates.own.lay import lay
from agentflan.templates.own.probe import for_calls, for_talk
from agentflan.templates.own.sandbox import rendered


class Model(Plug, frozen=True):
    """Text and tokens are what `tokenizer.apply_chat_template(messages, tools=tools)` of the folder gives.

    Blanks at the ends of a message go where the template strips them. A template is refused at once where it fails,
    loses or changes a part of a reply, does not offer tools, has no end mark, or writes another prompt than its text
    begins with.
    """

    path: Path
    """A folder with `tokenizer.json`, `tokenizer_config.json` and a chat template in it or in `chat_template.jinja`."""
    thoughts: Literal["think", "drop", "text"] = "think"
    """How a thought is written: as `<think>` in the reply, where the template puts it; drop: not at all; text: as plain
    text before the call or the answer. Templates that take the thoughts of earlier turns out again train the turns
    behind the last question alone, since a model never sees the others so."""
    today: str = "2024-07-26"
    """The date of templates that write one: the clock has no place in a corpus."""

    def __post_init__(self) -> None:
        date.fromisoformat(self.today)
        self._family()

    @property
    def stop(self) -> str:
        return self._family().ends[0]

    @property
    def marks(self) -> tuple[str, ...]:
        try:
            return self._family(NATIVE).ends
        except Mistake:  # it has no syntax for calls, and whoever needs one is told by `calls`
            return self._family().ends

    @property
    def jinja(self) -> str:
        """The folder's own; where that leaves BOS to the tokenizer, it writes one, as templates do here."""
        own = self._family().folder
        asked = [{"role": "user", "content": "a"}]
        text = rendered(own.jinja, asked, (), dict(own.names), generate=True, today=self.today)
        return own.jinja if text.startswith(own.bos) else "{{ bos_token }}" + own.jinja

    def calls(self) -> None:
        """Raises `Mistake` where the template has no syntax for tools and calls, or none for thoughts as they are."""
        self._family(NATIVE)

    def render(self, conversation: Conversation) -> Rendered:
        """Raises `ValueError` for a conversation that the template has no sure layout for."""
        found = lay(self._family(conversation.dialect), conversation)
        return structs.replace(laid(found.parts), muted=found.muted)

    def prompt(self, conversation: Conversation) -> str:
        family = self._family(conversation.dialect)
        return family.write(family.chat(family.turns(conversation)), tools_of(conversation), generate=True)

    def _family(self, dialect: str = "") -> Family:
        return (for_calls if dialect == NATIVE else for_talk)(folder(self.path), self.thoughts, self.today)
