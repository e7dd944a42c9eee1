"""The global half of a Group gives the same verdicts however many shards and however little memory there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.types import Dropped, Trajectory
from agentflan.corpus.building import groups


class KeepFirst:
    """Of each key the first number stays; what it saw is the verdict of the others."""

    def note(self, item: Trajectory) -> tuple[str, Any] | None:
        return item.query, item.id

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        first = next(notes)
        yield from ((number, [first[1], note]) for number, note in notes)

    def apply(self, item: Trajectory, verdict: Any) -> Dropped:
        return Dropped(reason="later", detail=str(verdict))


@given(
    keys=st.lists(st.sampled_from("abcd"), min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    held=st.sampled_from([1, 50, 10**6]),
)
def test_verdicts_do_not_depend_on_shards_or_memory(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], cuts: list[int], held: int
) -> None:
    folder = tmp_path_factory.mktemp("notes")
    borders = [0, *sorted(min(cut, len(keys)) for cut in cuts), len(keys)]
    files, sizes = [], []
    for shard, (start, end) in enumerate(pairwise(borders)):
        notes = [groups.pack_note(place, key, f"note {start + place}") for place, key in enumerate(keys[start:end])]
        files.append(folder / f"{shard}.notes")
        files[-1].write_bytes(b"".join(notes))
        sizes.append(end - start)
    verdicts = [file.with_suffix(".verdicts") for file in files]
    groups.decide(KeepFirst(), files, sizes, verdicts, folder, held=held)
    found = [groups.load_verdicts(path) for path in verdicts]
    numbers = {borders[shard] + place: verdict for shard, each in enumerate(found) for place, verdict in each.items()}
    firsts = {key: keys.index(key) for key in keys}
    expected = {
        number: [f"note {firsts[key]}", f"note {number}"] for number, key in enumerate(keys) if number != firsts[key]
    }
    assert numbers == expected
    assert sorted(folder.iterdir()) == sorted({*files, *verdicts})
