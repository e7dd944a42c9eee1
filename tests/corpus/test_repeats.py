"""Which rows repeat an earlier one: the same answer as a plain set gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentflan.corpus.checking.repeats import Keys, key_of


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b""]), max_size=12))
def test_repeats_are_those_of_a_set(rows: list[bytes]) -> None:
    seen, later = set[bytes](), []
    with Keys() as keys:
        for number, row in enumerate(rows, 1):
            if row in seen:
                later.append(number)
            seen.add(row)
            keys.add(number, row)
        found = keys.repeats()
    assert (found.rows, found.first) == (len(later), later[0] if later else 0)
    assert found.keys == {key_of(rows[number - 1]) for number in later}


def test_more_rows_than_fit_in_one_batch() -> None:
    with Keys() as keys:
        for number in range(1, 200_001):
            keys.add(number, b"%d" % (number % 150_000))
        found = keys.repeats()
    assert (found.rows, found.first, len(found.keys)) == (50_000, 150_001, 50_000)
