"""The paragraphs of a HotpotQA file as an encyclopedia: an exact title, or else BM25 over titles and texts."""

from __future__ import annotations

from collections.abc import Iterable

import bm25s
import numpy as np

from agentflan.evals.hotpotqa.questions import Row
from agentflan.evals.hotpotqa.reading import Article, Similar

_LONGEST = 300
"""Characters of a search that are looked at, as many as Wikipedia takes."""
_OFFERED = 5


class Library:
    """A search for a title opens its article. Any other opens the best article by BM25 if all words of the search stand
    in it, and else offers the titles of the best."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """A title that comes more than once keeps its first text."""
        texts: dict[str, tuple[str, ...]] = {}
        for title, sentences in (paragraph for row in rows for paragraph in row.context):
            texts.setdefault(title.strip(), tuple(text for sentence in sentences if (text := sentence.strip())))
        self._titles, self._articles = list(texts), [Article(sentences) for sentences in texts.values()]
        self._exact = {_plain(title): at for at, title in reversed(list(enumerate(self._titles)))}
        tokens = bm25s.tokenize(
            [f"{title} {' '.join(sentences)}" for title, sentences in texts.items()],
            stopwords="en",
            show_progress=False,
        )
        self._index = bm25s.BM25()
        if tokens.vocab:
            self._index.index(tokens, show_progress=False)

    def __len__(self) -> int:
        return len(self._titles)

    def find(self, entity: str) -> Article | Similar:
        entity = entity[:_LONGEST]
        at = self._exact.get(_plain(entity))
        if at is not None:
            return self._articles[at]
        words = _words(entity)
        best = self._best(words)
        if best and set(words) <= set(_words(f"{self._titles[best[0]]} {' '.join(self._articles[best[0]].sentences)}")):
            return self._articles[best[0]]
        return Similar(tuple(self._titles[number] for number in best))

    def _best(self, words: list[str]) -> list[int]:
        """The articles that hold any of the words, the best first; of equal ones the earlier in the file."""
        known = [word for word in words if word in getattr(self._index, "vocab_dict", {})]
        if not known:
            return []
        scores = self._index.get_scores(known)
        held = np.flatnonzero(scores > 0)
        order = held[np.argsort(-scores[held], kind="stable")]
        return [int(number) for number in order[:_OFFERED]]


def _words(text: str) -> list[str]:
    (found,) = bm25s.tokenize([text], stopwords="en", return_ids=False, show_progress=False)
    return list(found)


def _plain(title: str) -> str:
    return " ".join(title.casefold().replace("_", " ").split())
