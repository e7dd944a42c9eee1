"""TF-IDF over words, for machines without an embedding model. Its scores compare with nothing published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sklearn.feature_extraction.text import TfidfVectorizer

from agentflan.core.plugs import Plug
from agentflan.evals.embedders import Embed

_CHINESE = "\u3400-\u9fff"
_TOKEN = rf"[{_CHINESE}]|[^\W{_CHINESE}]+|[^\w\s]"
"""A Chinese character, a word of any other script, or a sign: `{}` is a text like another."""
_READ = 8_000
"""Characters of a text that count; embedding models read fewer."""


class Tfidf(Plug, frozen=True):
    """Weights come from the benchmark's own texts alone, so a score never depends on what other replies say."""

    comparable: ClassVar[bool] = False

    def __call__(self, known: Sequence[str]) -> Embed:
        vectors = TfidfVectorizer(token_pattern=_TOKEN)
        vectors.fit([text[:_READ] for text in known])

        def embed(texts: Sequence[str]) -> Any:
            return vectors.transform([text[:_READ] for text in texts]).toarray()

        return embed
