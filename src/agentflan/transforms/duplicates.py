"""Leave out items that say the same as another one; of those alike the smallest id survives.

Lessons and negatives are alike on purpose and pass untouched, so place it anywhere; early is cheapest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from agentflan.core.digest import digest_of
from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped
from agentflan.transforms.likeness.survivors import Member, member, settle, verdicts
from agentflan.transforms.likeness.texts import setting, texts


class Duplicates(Plug, frozen=True):
    """Ids, source, licence, labels, wordings of elicit statements, case and white space make no difference."""

    compare: Literal["query", "whole"] = "whole"
    """whole: the system prompt, the tools, and all that was said and seen. query: the question alone, of which then
    one item stays."""

    def note(self, item: Item) -> tuple[str, Member] | None:
        if item.kind not in ("agent", "general"):
            return None
        content = list(texts(item, self.compare))
        if self.compare == "whole":
            content.append(setting(item))
            content.append(msgspec.json.encode(item.tools).decode())
        return digest_of([" ".join(text.casefold().split()) for text in content]), member(item)

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        return verdicts((number, Member(*note)) for number, note in notes)

    def apply(self, item: Item, verdict: Any) -> Item | Dropped:
        return settle(item, verdict, "duplicate")
