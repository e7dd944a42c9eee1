"""Keep what is asked in certain languages, as py3langid tells them apart: 139 languages, its model inside the wheel."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from msgspec import Meta
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from agentflan.core.errors import nearest
from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped
from agentflan.transforms.likeness.texts import texts

LOOKED_AT = 2000
"""Characters from which a language is told."""
CHINESE = ("wuu", "yue")
"""What a share of written Chinese passes for; ISO 639 counts both as `zh`."""


class Language(Plug, frozen=True):
    keep: Annotated[tuple[str, ...], Meta(min_length=1)]
    """ISO 639-1 codes, such as `en` and `zh`."""
    compare: Literal["query", "whole"] = "query"
    """query: the question alone. whole: all that was said and seen, whose observations are often of no language."""
    certainty: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Probability of another language from which an item leaves: a question of two words is told by chance."""

    def __post_init__(self) -> None:
        for code in self.keep:
            known = [label for label in _identifier().labels if label not in CHINESE]
            if code not in known:
                raise ValueError(f"there is no language {code!r}; {nearest(code, known)}")

    def __call__(self, item: Item) -> Item | Dropped:
        text = "\n".join(texts(item, self.compare))[:LOOKED_AT].strip()
        if not text:
            return item
        found, certainty = _identifier().classify(text)
        found = "zh" if found in CHINESE else found
        if found in self.keep or certainty < self.certainty:
            return item
        return Dropped(reason=f"language_{found}", detail=f"{certainty:.2f} certain")


@cache
def _identifier() -> LanguageIdentifier:
    """Some 70 MB, read once in a process."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
