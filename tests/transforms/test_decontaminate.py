"""An item leaves that shares a run of words with a problem, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Dropped, Quarantined, Step, Trajectory
from agentflan.corpus.ngrams import write_ngrams
from agentflan.transforms.decontaminate import Decontaminate
from agentflan.transforms.likeness.grams import BLOCK, tokens

LONG = "Which of the nine harbours on the western coast has the highest tide in a usual year?"
MIDDLE = "How many ships lie in all of the nine harbours?"
TINY = "What is a tide?"
CHINESE = "西海岸的九个港口中，哪一个在平常年份的潮水最高？"


@pytest.fixture
def against(tmp_path: Path) -> tuple[Path, ...]:
    (tmp_path / "tides.json").write_text(json.dumps([LONG, MIDDLE, TINY, CHINESE]), encoding="utf-8")
    write_ngrams([tmp_path / "tides.json"], tmp_path / "tides.ngrams")
    return (tmp_path / "tides.ngrams",)


def item(query: str, said: str = "") -> Trajectory:
    return Trajectory(id="a", source="drawn", query=query, steps=(Step(action=Answer(text=said)),))


@pytest.mark.parametrize(
    "query",
    [
        LONG,
        "Tell me: which of the NINE harbours\n on the western coast -- has the highest tide?",
        f"Please answer. {MIDDLE} Thank you.",
        "what is a tide",
        CHINESE,
        f"请回答：{CHINESE[2:18]}",
    ],
)
def test_what_shares_a_run_with_a_problem_leaves(against: tuple[Path, ...], query: str) -> None:
    found = Decontaminate(against=against)(item(query))
    assert isinstance(found, Dropped)
    assert found.reason == "contaminated"
    assert found.detail.startswith("tides.json: ")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "...",
        "Which of the nine harbours on the eastern coast has the highest tide in a usual year?",
        "What is a tide, and what is a wave?",
        "How many ships lie in all of the nine?",
        CHINESE[:12],
    ],
)
def test_what_shares_fewer_words_stays(against: tuple[Path, ...], query: str) -> None:
    asked = item(query)
    assert Decontaminate(against=against)(asked) is asked


def test_settings_say_what_is_looked_at_and_what_then_happens(against: tuple[Path, ...]) -> None:
    answered = item("Where is the highest tide?", f"You ask: {LONG}")
    assert Decontaminate(against=against)(answered) is answered
    found = Decontaminate(against=against, compare="whole", action="quarantine")(answered)
    assert found == Quarantined(reason="contaminated", detail="tides.json: 5 of 18 n-grams")
    assert Decontaminate(against=against, compare="whole", least=6)(answered) is answered


def test_a_missing_file_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="agentflan ngrams"):
        plugs.load("transform", {"use": "decontaminate", "against": ["absent.ngrams"]}, folder=tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It's nine.", "IT S\tNINE"),
        ("ＡＢＣ　１２", "abc 12"),
        ("九个港口", "九 个，港口"),
        ("word " * BLOCK, "word\n" * BLOCK),
    ],
)
def test_case_marks_spaces_and_width_make_no_difference(one: str, other: str) -> None:
    assert tokens(one).tolist() == tokens(other).tolist()
    assert tokens(one).size


def test_words_are_told_apart() -> None:
    words: list[Any] = ["harbour", "harbours", "sharbour", "港口", "口港", "ab", "ba", "a", "aa", "0", "00", "\u0301"]
    found = [tuple(tokens(word).tolist()) for word in words]
    assert len(set(found)) == len(words)
    assert [len(each) for each in found] == [1, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1]
