"""Planted near-duplicates of a known Jaccard similarity are found, in English and Chinese, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.chance import pick
from agentflan.core.types import Answer, Step, Trajectory
from agentflan.transforms.likeness.clusters import MISSED, Signatures, agreeing, band_width, clusters
from agentflan.transforms.likeness.texts import Compare
from agentflan.transforms.near_duplicates import NearDuplicates
from tests.transforms.drawn import settle

ENGLISH = [f"{start}{end}" for start in "ba ko mi ru te sho".split() for end in "lan ner tix vod zum pel gra".split()]
CHINESE = [chr(0x4E00 + 7 * number) for number in range(600)]
SCRIPTS = {"english": (ENGLISH, " "), "chinese": (CHINESE, "")}
WORDS = 130


def words(script: str, key: str, count: int) -> list[str]:
    return [pick(SCRIPTS[script][0], key, place) for place in range(count)]


def changed(script: str, key: str, count: int) -> list[str]:
    """The words of the key, the last `count` of them others: it spoils as many 5-grams, and 4 at the border."""
    return words(script, key, WORDS - count) + words(script, f"{key} changed", count)


def jaccard(first: Sequence[str], second: Sequence[str]) -> float:
    one, other = ({tuple(each[start : start + 5]) for start in range(len(each) - 4)} for each in (first, second))
    return len(one & other) / len(one | other)


def item(script: str, id: str, said: Sequence[str]) -> Trajectory:
    space = SCRIPTS[script][1]
    step = Step(action=Answer(text=space.join(said[9:])))
    return Trajectory(id=id, source="drawn", query=space.join(said[:9]), steps=(step,), origin_ids=(id,))


@pytest.mark.parametrize("script", SCRIPTS)
def test_recall_and_precision_on_planted_pairs(script: str) -> None:
    items: list[Trajectory] = []
    likeness: dict[str, float] = {}
    for number in range(360):
        key = f"{script} {number}"
        said, other = words(script, key, WORDS), changed(script, key, (1, 4, 9, 20, 35, 60)[number % 6])
        items += [item(script, f"{number:03}a", said), item(script, f"{number:03}b", other)]
        likeness[f"{number:03}b"] = jaccard(said, other)
    _, left = settle(NearDuplicates(), items)
    gone = {id for id, reason in left if reason == "near_duplicate"}
    assert gone <= set(likeness), "the smallest id survives"
    alike = {id for id, similarity in likeness.items() if similarity >= 0.85}
    unlike = {id for id, similarity in likeness.items() if similarity <= 0.7}
    assert len(alike) == 180
    assert len(unlike) >= 120
    assert len(alike & gone) >= 0.98 * len(alike)
    assert not unlike & gone


entries = st.tuples(st.sampled_from(sorted(SCRIPTS)), st.integers(0, 2), st.sampled_from([0, 1, 2, 9, 20, 60]))


@given(family=st.lists(entries, max_size=12), compare=st.sampled_from(["whole", "query"]))
def test_any_order_gives_the_same_and_a_second_pass_finds_nothing(
    family: list[tuple[str, int, int]], compare: Compare
) -> None:
    plug = NearDuplicates(compare=compare)
    items = [
        item(script, f"{order * 7 % 13:02}", changed(script, str(key), count))
        for order, (script, key, count) in enumerate(family)
    ]
    kept, left = settle(plug, items)
    backwards, left_backwards = settle(plug, items[::-1])
    assert kept == backwards[::-1]
    assert sorted(left) == sorted(left_backwards)
    assert settle(plug, kept) == (kept, [])
    assert sorted(origin for each in kept for origin in each.origin_ids) == sorted(each.id for each in items)
    assert all(each.id == min(each.origin_ids) for each in kept)


signatures = st.lists(
    st.tuples(st.integers(0, 5), st.lists(st.integers(0, 31), max_size=9)), min_size=1, max_size=30
).map(lambda rows: np.array([spoiled(seed, places) for seed, places in rows], np.uint8))


def spoiled(seed: int, places: Sequence[int]) -> list[int]:
    """A signature of 32 bytes, other than its seed's in some places."""
    return [(seed * 41 + place * 7 + 128 * (place in places)) % 256 for place in range(32)]


@given(rows=signatures, threshold=st.sampled_from([0.6, 0.8, 0.9]))
def test_clusters_are_the_components_of_all_pairs_that_share_a_band(rows: Signatures, threshold: float) -> None:
    width, least = band_width(32, threshold), agreeing(32, threshold)
    sets = {number: {number} for number in range(len(rows))}
    for one in range(len(rows)):
        for other in range(one):
            same = rows[one] == rows[other]
            banded = any(same[start : start + width].all() for start in range(0, 33 - width, width))
            if banded and same.sum() >= least:
                joined = sets[one] | sets[other]
                sets.update(dict.fromkeys(joined, joined))
    expected = {tuple(sorted(each)) for each in sets.values() if len(each) > 1}
    assert {tuple(each.tolist()) for each in clusters(rows, threshold)} == expected


def test_thousands_that_agree_in_a_band_take_no_square_of_the_time() -> None:
    """10,000 rows of one band and nothing else in common would make 50 million pairs; a planted one is still found."""
    rows = np.random.default_rng(0).integers(0, 256, (10_000, 128), np.uint8)
    rows[:, : band_width(128, 0.8)] = 7
    rows[9_999] = rows[4]
    assert [each.tolist() for each in clusters(rows, 0.8)] == [[4, 9_999]]


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_a_pair_at_the_threshold_shares_a_band_nearly_always(threshold: float) -> None:
    width = band_width(128, threshold)
    assert (1 - threshold**width) ** (128 // width) <= MISSED < (1 - threshold ** (width + 1)) ** (128 // (width + 1))


@pytest.mark.slow
def test_a_million_items_take_less_than_400_mb() -> None:
    """In a process of its own, whose peak then is that of the pass alone: a tenth of the items are near-copies."""
    script = """
import json, resource
import numpy as np
from agentflan.transforms.near_duplicates import NearDuplicates
def notes():
    dice = np.random.default_rng(0)
    for start in range(0, 1_000_000, 1000):
        rows = dice.integers(0, 256, (1000, 128), np.uint8)
        rows[9::10] = rows[8::10]
        rows[9::10, :10] += 1
        for number, row in enumerate(rows, start):
            yield number, [[f"{number:032x}", []], row.tobytes()]
count = sum(1 for _ in NearDuplicates().decide(notes()))
print(json.dumps([count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    count, peak = json.loads(told.stdout)
    assert count == 200_000
    assert peak < 400
