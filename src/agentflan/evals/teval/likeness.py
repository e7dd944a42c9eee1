"""How alike two texts are: the cosine of their vectors, and never below 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from agentflan.evals.embedders import Embed


def likeness(embed: Embed, ones: Sequence[str], others: Sequence[str]) -> npt.NDArray[np.float64]:
    """Each of `ones` (rows) against each of `others` (columns). Equal texts give exactly 1, but for empty vectors."""
    vectors = _units(np.asarray(embed([*ones, *others]), dtype=np.float64))
    found = np.clip(vectors[: len(ones)] @ vectors[len(ones) :].T, 0.0, 1.0)
    for row, one in enumerate(ones):
        for column, other in enumerate(others):
            if one == other and found[row, column] > 0.5:
                found[row, column] = 1.0
    return found


def _units(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)
