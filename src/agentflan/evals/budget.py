"""What an episode may cost beside its steps: tokens and time, counted turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from agentflan.core.types import Message, Record, Reply
from agentflan.models.chat.estimate import text_about, tokens_about

Short = Literal["", "tokens", "time"]
"""What there is none of any more."""


class Budget(Record, frozen=True):
    """The most that one episode may take, 0 without a limit. It ends behind the turn that takes more."""

    tokens: Annotated[int, Meta(ge=0)] = 0
    """Of prompts and replies together, which is what is paid: each prompt repeats all that came before. As counted with
    a reply; where nobody counts, by the rule of thumb in `models/chat/estimate.py`."""
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    """Of model and world together. The model's include what an episode waits for others of its batch."""


FREE = Budget()


class Spent:
    """How much of its budget an episode has used up. A reply that is on file costs what it cost then."""

    def __init__(self, budget: Budget, prompt: Sequence[Message]) -> None:
        self._budget, self._tokens, self._seconds, self._prompt = budget, 0, 0.0, 0
        self.shown(prompt)

    def shown(self, messages: Sequence[Message]) -> None:
        """The prompt has grown by these."""
        if self._budget.tokens:
            self._prompt += tokens_about(messages)

    def turn(self, reply: Reply, seconds: float, offered: str = "") -> Short:
        """Counts a turn, `offered` standing in its prompt alone; says what has run out by now."""
        self._seconds += seconds
        if self._budget.tokens:
            counted = reply.tokens_in + reply.tokens_out
            self._tokens += counted or self._prompt + text_about(offered + reply.text)
            if self._tokens > self._budget.tokens:
                return "tokens"
        return "time" if 0 < self._budget.seconds < self._seconds else ""
