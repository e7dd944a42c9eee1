"""What a run holds for an export: one trajectory for each conversation that is left, whatever became of the others."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Conversation, Message, Segment, Step, ToolCall, ToolSpec, Trajectory
from agentflan.corpus.exporting.holdings import Told, corpus_of
from agentflan.corpus.store.parquet import ConversationWriter, TrajectoryWriter

TOOLS = (ToolSpec(name="rain"),)


def conversation(id: str, *, system: str = "", loss: bool = True, **known: object) -> Conversation:
    said = [("system", system, False)] if system else []
    said += [("user", "Why?", False), ("assistant", "So.", loss)]
    messages = tuple(
        Message(role=role, segments=(Segment(text=text, loss=trained),))  # type: ignore[arg-type]
        for role, text, trained in said
    )
    return Conversation(id=id, source="toolbench", messages=messages, query="Why?", **known)  # type: ignore[arg-type]


def trajectory(id: str) -> Trajectory:
    return Trajectory(id=id, source="toolbench", query="Why?", steps=(Step(action=ToolCall(name="rain")),), tools=TOOLS)


def run(folder: Path, kept: list[Conversation], told: list[Trajectory]) -> Path:
    with ConversationWriter(folder / "corpus") as conversations, TrajectoryWriter(folder / "trajectories") as written:
        conversations.write(kept)
        written.write(told)
    return folder


@settings(max_examples=20, deadline=None)
@given(kept=st.sets(st.integers(0, 30)), told=st.sets(st.integers(0, 30)))
def test_each_conversation_is_told_once(kept: set[int], told: set[int]) -> None:
    with TemporaryDirectory() as folder:
        built = run(
            Path(folder),
            [conversation(f"r{number}") for number in sorted(kept)],
            [trajectory(f"r{number}") for number in sorted(told)],
        )
        found = list(Told(built))
    assert sorted(item.id for item in found) == sorted(f"r{number}" for number in kept)
    called = {item.id for item in found if isinstance(item.steps[0].action, ToolCall)}
    assert called == {f"r{number}" for number in kept & told}


def test_a_lesson_keeps_its_prompt_and_a_negative_its_tools(tmp_path: Path) -> None:
    lesson = conversation("l", system="Write JSON.", kind="lesson", tools=TOOLS)
    lent = conversation("n", system="These are the tools: ..", kind="negative", tools=TOOLS)
    bare = conversation("b", system="Be kind.", kind="negative")
    told = {item.id: item for item in Told(run(tmp_path, [lesson, lent, bare], []))}
    assert (told["l"].instruction, told["l"].tools) == ("Write JSON.", ())
    assert (told["n"].instruction, told["n"].tools) == ("", TOOLS)
    assert (told["b"].instruction, told["b"].tools) == ("Be kind.", ())
    assert all(item.steps == (Step(action=Answer(text="So.")),) for item in told.values())
    assert [told[id].kind for id in "lnb"] == ["lesson", "negative", "negative"]


def test_what_was_muted_in_a_conversation_is_known(tmp_path: Path) -> None:
    folder = run(tmp_path, [conversation("m", loss=False), conversation("t")], [trajectory("m"), trajectory("t")])
    told = Told(folder)
    assert {item.id: told.unmuted(item) for item in told} == {"m": True, "t": False}


def test_a_folder_without_a_corpus_and_one_of_several_runs(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="holds no corpus"):
        corpus_of(tmp_path)
    for arm in ("with", "without"):
        (tmp_path / arm / "corpus").mkdir(parents=True)
    with pytest.raises(Mistake) as raised:
        corpus_of(tmp_path)
    assert "with, without" in str(raised.value)
    assert corpus_of(tmp_path / "with") == tmp_path / "with" / "corpus"
