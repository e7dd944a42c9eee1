"""Progress is told about ten times, however the steps fall, with what went wrong so far."""

from __future__ import annotations

import time

import pytest

from agentflan.core.progress import Progress


@pytest.mark.parametrize(("of", "step", "times"), [(1000, 1, 10), (7, 1, 7), (1000, 400, 3), (1, 1, 1)])
def test_about_ten_lines_and_the_last_of_them_is_the_end(of: int, step: int, times: int) -> None:
    told: list[str] = []
    progress = Progress("replies", of, told.append)
    for begin in range(0, of, step):
        progress.add(min(step, of - begin))
    assert len(told) == times
    assert told[-1] == f"replies: {of:,} of {of:,}"


def test_what_goes_wrong_is_counted_and_the_speed_is_told_once_there_is_one() -> None:
    told: list[str] = []
    progress = Progress("replies", 4, told.append)
    progress.add(1, "infrastructure")
    time.sleep(1.1)
    progress.add(1)
    progress.add(2, "length")
    assert told[0] == "replies: 1 of 4, 1 infrastructure"
    assert told[1].startswith("replies: 2 of 4, ")
    assert told[1].endswith("a second, 0:01 to go, 1 infrastructure")
    assert told[2].endswith("a second, 1 infrastructure, 2 length")
