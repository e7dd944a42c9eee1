"""Terminal noise goes, what was said stays, and no text is too odd or too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.lints.terminal import plain


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("one\r\ntwo", "one\ntwo"),
        ("\x1b]0;root@host: /\x07root@host:/# \x1b[K", "root@host:/# "),
        ("\x1b[01;31m\x1b[Kroot\x1b[m\x1b[K rest", "root rest"),
        ("\x1b(Bplain\x1b=x", "plainx"),
        ("cut \x1b[01;3", "cut "),
        ("cut \x1b]0;title", "cut "),
        ("cut \x1b", "cut "),
    ],
)
def test_sequences_go(sent: str, seen: str) -> None:
    assert plain(sent) == seen


@given(st.text(st.sampled_from("a[];0m\x1b\a\r\n("), max_size=60))
def test_no_escape_sign_is_left_and_nothing_is_added(sent: str) -> None:
    assert "\x1b" not in plain(sent)
    assert len(plain(sent)) <= len(sent)


def test_a_megabyte_of_unfinished_sequences_ends() -> None:
    assert plain("\x1b[" * 500_000) == ""
