"""The tokens of a corpus as flat arrays on disk; training reads them through memory maps, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentflan.core.errors import Mistake

ARRAYS = ("ids", "trained", "capability", "weight", "offsets", "validation", "group")
_MEND = "run `agentflan tokenise` (again, if another version wrote it), or give the tokens folder of a run"


class Sequence(NamedTuple):
    """Views into the arrays; all four have the sequence's length."""

    ids: NDArray[Any]
    trained: NDArray[np.bool_]
    capability: NDArray[np.uint8]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class Tokens:
    """Every sequence end to end; number i is [offsets[i], offsets[i + 1])."""

    folder: Path
    ids: NDArray[Any]
    """uint16, or int32 for a vocabulary that does not fit."""
    trained: NDArray[np.bool_]
    capability: NDArray[np.uint8]
    """0 for plain chat and text nobody is trained on, else 1 + the place in `core.types.CAPABILITIES`."""
    weight: NDArray[np.float32]
    offsets: NDArray[np.int64]
    validation: NDArray[np.bool_]
    """For each sequence, whether it is held out."""
    group: NDArray[np.int32]
    """For each sequence, the number of its group: what is held out or trained on as one."""

    @classmethod
    def open(cls, folder: Path) -> Tokens:
        """Maps the arrays. Raises `Mistake` when the folder is not there or not whole."""
        if not folder.is_dir():
            raise Mistake("no such folder", where=str(folder), mend=_MEND)
        arrays = {name: _map(folder / f"{name}.npy") for name in ARRAYS}
        count = len(arrays["offsets"]) - 1
        total = int(arrays["offsets"][-1]) if count >= 0 else -1
        for name, wanted in [*((name, total) for name in ARRAYS[:4]), *((name, count) for name in ARRAYS[5:])]:
            if len(arrays[name]) != wanted:
                what = f"{name}.npy holds {len(arrays[name]):,} values, not {wanted:,}"
                raise Mistake(what, where=str(folder), mend=_MEND)
        return cls(folder, **arrays)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def sequence(self, number: int) -> Sequence:
        """One sequence, without copying."""
        where = slice(int(self.offsets[number]), int(self.offsets[number + 1]))
        return Sequence(self.ids[where], self.trained[where], self.capability[where], self.weight[where])

    def names(self) -> list[str]:
        """The conversation each sequence comes from, in order."""
        return (self.folder / "sequences.txt").read_text(encoding="utf-8").splitlines()


def _map(file: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except FileNotFoundError as error:
        raise Mistake(f"has no {file.name}", where=str(file.parent), mend=_MEND) from error
    except (ValueError, EOFError) as error:
        raise Mistake("is not a whole array", where=str(file), mend=_MEND) from error
