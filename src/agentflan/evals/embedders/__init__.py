"""Texts as vectors, for scores that measure how alike two texts are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

Embed = Callable[[Sequence[str]], Any]
"""Texts -> an array of their vectors, (texts, dimensions). Raises Mistake where a vector cannot be had."""


class Embedder(Protocol):
    """Makes what turns texts into vectors."""

    comparable: ClassVar[bool]
    """Whether its scores can stand beside published ones, where its model is the published one."""

    def __call__(self, known: Sequence[str]) -> Embed:
        """`known` are the benchmark's own texts: to fit on, or to embed ahead in large batches.

        The vector of a text depends on it and on them alone.
        """
