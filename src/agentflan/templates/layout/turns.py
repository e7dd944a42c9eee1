"""Templates that put marks around each message: all that sets a family apart is a record of its marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Message, Rendered, Segment
from agentflan.templates.layout.laid import formal, laid

_JINJA = """
{%- if tools -%}
  {{- raise_exception('this chat template takes no tools: its model was tuned to read them in the system prompt') -}}
{%- endif -%}
{{- bos_token -}}
{%- for message in messages -%}
  {%- if message['role'] == 'assistant' -%}
    {{- asks -}}
    {%- generation -%}{{- lead + message['content'] + stop -}}{%- endgeneration -%}
    {{- closes -}}
  {%- else -%}
    {%- if loop.first -%}{{- opens -}}{%- elif loop.previtem['role'] == 'assistant' -%}{{- reopens -}}{%- endif -%}
    {%- if message['role'] == 'system' -%}
      {{- system[0] + message['content'] + system[1] -}}
    {%- else -%}
      {{- user[0] + message['content'] + user[1] -}}
    {%- endif -%}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- asks -}}{%- endif -%}
"""
_NAMES = ("system", "user", "asks", "lead", "stop", "closes", "opens", "reopens")


class Around(NamedTuple):
    """What stands before and behind the text of a message."""

    before: str
    behind: str


class Turns(Plug, frozen=True):
    """A subclass names its marks; layout, prompt and Jinja follow from them."""

    system: ClassVar[Around]
    user: ClassVar[Around]
    asks: ClassVar[str] = ""
    """Before a reply; with it the prompt ends."""
    lead: ClassVar[str] = ""
    """Where a reply begins: written by the model, such as the space that belongs to its first word."""
    stop: ClassVar[str]
    """Where a reply ends."""
    closes: ClassVar[str] = ""
    """Behind `stop`."""
    opens: ClassVar[str] = ""
    """Before the first message of all ..."""
    reopens: ClassVar[str] = ""
    """... and before the one that follows a reply."""
    marks: ClassVar[tuple[str, ...]]

    @property
    def jinja(self) -> str:
        """Fails where it is given tools, which a template without a syntax for them would lose."""
        return "".join(f"{{%- set {name} = {_quoted(getattr(self, name))} -%}}\n" for name in _NAMES) + _JINJA.strip()

    def render(self, conversation: Conversation) -> Rendered:
        """The conversation as one text; what is neither trained nor of a capability runs together in one span."""
        return laid(self._parts(conversation.messages))

    def prompt(self, conversation: Conversation) -> str:
        """The text up to where the assistant's next message begins."""
        return "".join([part.text for part in self._parts(conversation.messages)]) + self.asks

    def _parts(self, messages: Sequence[Message]) -> Iterator[Segment]:
        before = ""
        for message in messages:
            said = message.segments
            if message.role == "assistant":
                yield Segment(text=self.asks)
                if self.lead and said:
                    yield formal(self.lead, said[0], said)
                yield from said
                yield formal(self.stop, said[-1], said) if said else Segment(text=self.stop)
                yield Segment(text=self.closes)
            else:
                around = self.system if message.role == "system" else self.user
                opens = self.reopens if before == "assistant" else "" if before else self.opens
                yield Segment(text=f"{opens}{around.before}")
                yield from said
                yield Segment(text=around.behind)
            before = message.role


def _quoted(value: str | Around) -> str:
    """As Jinja writes a text, or a pair of them."""
    if isinstance(value, Around):
        return f"({', '.join(map(_quoted, value))})"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
