"""Precision, recall and F1 over a confusion matrix, `due/shown` -> count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

NOTHING = "nothing"
"""Shown by a reply of no class."""


class Rates(NamedTuple):
    """Of one class; 0 where it would be nothing of nothing."""

    precision: float
    recall: float
    f1: float


def rates(matrix: Mapping[str, int], name: str) -> Rates:
    due = sum(count for cell, count in matrix.items() if cell.partition("/")[0] == name)
    shown = sum(count for cell, count in matrix.items() if cell.partition("/")[2] == name)
    right = matrix.get(f"{name}/{name}", 0)
    return Rates(right / shown if shown else 0.0, right / due if due else 0.0, 2 * right / max(1, due + shown))


def macro_f1(matrix: Mapping[str, int]) -> float:
    """The plain mean over the classes that are due somewhere; 0 where there is none."""
    return _mean(matrix, (cell.partition("/")[0] for cell in matrix))


def published_macro_f1(matrix: Mapping[str, int]) -> float:
    """Over the classes that are due or shown, as scikit-learn's `f1_score(average="macro")` takes them.

    One answer of a class that is never due costs a share of the whole score; no answer is no class.
    """
    return _mean(matrix, (name for cell in matrix for name in cell.split("/") if name != NOTHING))


def _mean(matrix: Mapping[str, int], names: Iterable[str]) -> float:
    classes = sorted(set(names))
    return sum(rates(matrix, name).f1 for name in classes) / len(classes) if classes else 0.0
