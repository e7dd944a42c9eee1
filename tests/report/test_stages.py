"""A row beside what became of it: differences lose nothing, columns keep their width, text stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus.building.trace import Change, Left, Trace
from agentflan.report.beside import as_terminal, width, wrapped, write_stages
from agentflan.report.stages import difference, lines_of, raw_lines, stages
from tests.report.example_run import HOSTILE, chat, react, talk, trajectory
from tests.report.html_text import Page
from tests.transforms.drawn import agents, conversations

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d e"]), max_size=12)
CHARACTERS = st.text(st.sampled_from("ab  奥斯é\u0301😀-"), max_size=60)


@given(before=LINES, after=LINES)
def test_a_difference_leads_from_one_to_the_other(before: list[str], after: list[str]) -> None:
    lines = difference(before, after)
    hidden = sum(int(found[1]) for line in lines if line.look == "note" and (found := re.search(r"(\d+)", line.text)))
    shown = [line for line in lines if line.look != "note"]
    gone = [line.text for line in shown if line.look in ("same", "gone")]
    came = [line.text for line in shown if line.look in ("same", "came")]
    assert (len(gone) + hidden, len(came) + hidden) == (len(before), len(after))
    if not hidden:
        assert (gone, came) == (before, after)


def test_a_long_difference_is_told_in_passing() -> None:
    before, after = [str(number) for number in range(50_000)], [str(-number) for number in range(50_000)]
    lines = difference(["x", *before], ["x", *after])
    assert [sum(line.look == look for line in lines) for look in ("gone", "came")] == [49_999, 49_999]


@given(text=CHARACTERS, columns=st.integers(8, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    parts = list(wrapped(text, columns))
    assert all(width(part) <= columns for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("piece", [" ", "a", "a b", "奥", "\u0301", "\t"])
def test_long_lines_are_wrapped_in_passing(piece: str) -> None:
    """A quadratic one would take minutes."""
    assert sum(1 for _ in wrapped(piece * 300_000, 60)) >= 1


def test_wide_and_combining_characters_are_counted_in_cells() -> None:
    assert (width("ab"), width("奥斯"), width("e\u0301"), width("😀")) == (2, 4, 1, 2)


@given(item=st.one_of(agents, conversations()))
def test_lines_tell_of_every_text(item: Trajectory | Conversation) -> None:
    told = "\n".join(lines_of(item)).replace("\n    ", "\n")
    if isinstance(item, Trajectory):
        texts = [item.query, *(step.thought for step in item.steps), *(step.observation or "" for step in item.steps)]
    else:
        texts = [segment.text for message in item.messages for segment in message.segments]
    assert all(text in told for text in texts)


def test_line_breaks_in_a_row_are_made_and_backslashes_are_not() -> None:
    row = json.dumps({"a": "one\ntwo", "b": "C:\\new"}).encode()
    assert raw_lines(row) == ["{", '  "a": "one\\n', '    two",', '  "b": "C:\\\\new"', "}"]
    assert raw_lines(b'{"a": \xff') == ['{"a": \\xff']
    assert raw_lines(b"[" * 100_000) == ["[" * 100_000]
    assert raw_lines(b"") == [""]


def example(hostile: str = "") -> Trace:
    before = trajectory("a" * 32, "Rain in Oslo?" + hostile)
    after = talk(before)
    muted = react(before)
    gone = chat("a" * 32 + "-l0")
    gone_on = Left(gone.id, "mix", "toolbench", "mix", "more than the mix asks for" + hostile)
    return Trace(
        id=before.id,
        source="toolbench",
        row=json.dumps({"id": 1, "text": "a\nb" + hostile, "奥": "斯陆" * 60}, ensure_ascii=False).encode(),
        read=before,
        stages=(
            ("read", (Change(before.id, None, before),)),
            ("finished_only", (Change(before.id, before, before),)),
            ("converse", (Change(before.id, before, after),)),
            ("rebalance", (Change(before.id, after, muted), Change(gone.id, None, gone))),
            ("mix", (Change(gone.id, gone, None, gone_on),)),
        ),
        ledger={},
    )


def test_every_stage_says_what_happened() -> None:
    told = {name: [item.verdict for item in items] for name, items in stages(example())}
    assert told == {
        "read": ["a trajectory"],
        "finished_only": ["unchanged"],
        "converse": ["became a conversation"],
        "rebalance": ["changed", "made"],
        "mix": ["left here: mix"],
    }


def test_a_wide_terminal_has_two_columns_and_a_narrow_one_has_one() -> None:
    wide = as_terminal(example(), colour=False, columns=120).splitlines()
    assert {width(line[: line.index("│")]) for line in wide if "│" in line} == {49}
    assert wide[0].startswith("The row, as toolbench had it")
    assert wide[0].endswith("│ read: a trajectory")
    assert all(width(line) <= 120 for line in wide)
    narrow = as_terminal(example(), colour=False, columns=80).splitlines()
    assert not any("│" in line for line in narrow)
    assert all(width(line) <= 80 for line in narrow)
    for lines in (wide, narrow):
        text = "\n".join(lines)
        for part in (
            "finished_only: unchanged",
            "mix: left here: mix (" + "a" * 32 + "-l0)",
            "more than the mix asks for",
        ):
            assert part in text


def test_hostile_rows_steer_neither_terminal_nor_page(tmp_path: Path) -> None:
    found = example(HOSTILE)
    for colour in (False, True):
        seen = re.sub(r"\x1b\[[0-9;]*m", "", as_terminal(found, colour=colour, columns=140))
        assert not {"\x1b", "\x07", "\u202e"} & set(seen)
    write_stages(found, tmp_path / "row.html", "a note")
    html = (tmp_path / "row.html").read_text("utf-8")
    page = Page(html)
    assert "script" not in page.tags
    assert "src=" not in html
    assert page.text.count('<script>alert("1")</script>') >= 3
    assert "\u202e" not in html
