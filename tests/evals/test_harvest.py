"""Episodes that went well become rows of a source: nothing is lost on the way, and each says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentflan.cli.main import run
from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply, ToolCall
from agentflan.corpus.store.parquet import conversations
from agentflan.dialects.hotpotqa import Hotpotqa
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.benchmarks.hotpotqa_local import HotpotqaLocal
from agentflan.evals.harvest import harvested
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted
from agentflan.sources.harvest import Harvest
from tests.evals.rooms import Expert, House

EXPERT = Scripted(policy="expert")


class Late:
    """Says something that means nothing before it does what is right."""

    name = "late"

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], object]) -> None:
        for index, problem in enumerate(problems):
            gold = problem.gold[0].action
            assert isinstance(gold, ToolCall)
            said = "Let me see." if problem.turn == 0 else f"Thought: I know it.\nAction: Finish[{gold.arguments}]"
            seen(index, Reply(text=said))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_episode_can_be_followed_from_the_transcript_to_the_corpus(tmp_path: Path) -> None:
    evaluate(EXPERT, HotpotqaLocal(), tmp_path / "run")
    assert run(["harvest", str(tmp_path / "run"), "-o", str(tmp_path / "rows.jsonl")]) == 0
    recipe = "corpus: {sources: [{use: harvest, path: rows.jsonl}], transforms: [{use: converse, react_share: 1.0}]}"
    (tmp_path / "r.yaml").write_text(recipe)
    assert run(["build", str(tmp_path / "r.yaml"), "-o", str(tmp_path / "built")]) == 0
    said: dict[str, list[str]] = {}
    shown: dict[str, list[str]] = {}
    for line in rows(tmp_path / "run/evals/hotpotqa_local/transcripts.jsonl"):
        said.setdefault(line["problem"]["id"], []).append(line["reply"]["text"])
        shown.setdefault(line["problem"]["id"], []).append(f"Observation: {line['observation']['text']}")
    built = list(conversations(tmp_path / "built/corpus"))
    assert {item.dialect for item in built} == {"hotpotqa"}
    assert len(built) == len(said) == 36
    for item in built:
        texts = [("".join(part.text for part in message.segments)) for message in item.messages]
        assert texts[0] == Hotpotqa().system("", (), "")
        assert texts[1] == item.query
        assert item.query.startswith("Question: ")
        assert texts[2::2] == said[item.group]
        assert texts[3::2] == shown[item.group][:-1]  # the last came when all was over


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    evaluate(Late(), HotpotqaLocal(), tmp_path / "run")
    crop = harvested([tmp_path / "run"])["hotpotqa_local"]
    assert run(["harvest", str(tmp_path / "run")]) == 0
    lines = (tmp_path / "run/harvest.jsonl").read_bytes().splitlines()
    assert [Harvest()(line) for line in lines] == [row.trajectory for row in crop.rows]
    assert len(lines) == 36
    assert run(["harvest", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run/harvest.jsonl").read_bytes().splitlines() == lines


def test_a_step_that_meant_nothing_is_shown_and_not_trained(tmp_path: Path) -> None:
    evaluate(Late(), HotpotqaLocal(per_level=1), tmp_path)
    for row in harvested([tmp_path])["hotpotqa_local"].rows:
        first, second = row.trajectory.steps
        assert (first.loss, first.observation) == (False, "Invalid action: Let me see.")
        assert (second.loss, second.observation, second.thought) == (True, None, "I know it.")


def test_a_row_says_where_it_comes_from(tmp_path: Path) -> None:
    evaluate(EXPERT, HotpotqaLocal(per_level=1), tmp_path / "here")
    evaluate(EXPERT, HotpotqaLocal(per_level=1), tmp_path / "there")
    here, there = (harvested([tmp_path / name])["hotpotqa_local"].rows for name in ("here", "there"))
    assert [row.harvested.transcript for row in here] == [row.harvested.transcript for row in there]
    assert len({row.harvested.transcript for row in here}) == 3
    origin = here[0].harvested
    assert (origin.benchmark, origin.version, origin.run) == ("hotpotqa_local", HotpotqaLocal.version, "here")
    assert (origin.model, origin.score, origin.metric) == ("scripted:expert:0", 1, "f1")
    assert origin.problem == here[0].trajectory.group


def test_the_world_speaks_first_and_the_model_sees_it_in_the_query(tmp_path: Path) -> None:
    evaluate(Expert(), House(), tmp_path)
    first = harvested([tmp_path])["House"].rows[0].trajectory
    assert first.query == "Walk.\n\nYou stand in room 0."
    assert [step.observation for step in first.steps] == ["room 1", "room 2", None]


def test_of_each_problem_the_best_episode_is_taken(tmp_path: Path) -> None:
    """The highest score, then the fewest steps, whichever run it is in."""
    evaluate(Expert(), House(rooms=4), tmp_path / "long")
    evaluate(Expert(), House(rooms=3), tmp_path / "short", limit=5)
    evaluate(Expert(), House(rooms=2, broken=("0", "1")), tmp_path / "broken", limit=4)
    runs = [tmp_path / name for name in ("long", "short", "broken")]
    best = harvested(runs)["House"]
    taken = {row.trajectory.id: (row.harvested.run, len(row.trajectory.steps)) for row in best.rows}
    assert taken == {
        **dict.fromkeys("01", ("short", 3)),
        **dict.fromkeys("23", ("broken", 2)),
        "4": ("short", 3),
        **dict.fromkeys("567", ("long", 4)),
    }
    assert best.left == {"fault": 2, "not_best": 7}
    every = harvested(runs, every=True)["House"]
    assert (len(every.rows), every.left) == (15, {"fault": 2})


def test_episodes_that_went_badly_are_counted(tmp_path: Path) -> None:
    evaluate(Scripted(policy="random"), HotpotqaLocal(), tmp_path)
    none = harvested([tmp_path])["hotpotqa_local"]
    assert (none.rows, none.left) == ((), {"below": 36})
    every = harvested([tmp_path], least=0)["hotpotqa_local"]
    assert {row.trajectory.ending for row in every.rows} == {"open"}


def test_a_part_of_the_reward_can_do(tmp_path: Path) -> None:
    evaluate(Expert(), House(steps=2), tmp_path)
    assert harvested([tmp_path], least=0.7)["House"].left == {"below": 8}
    found = harvested([tmp_path], least=0.6)["House"].rows
    assert {(row.harvested.score, row.trajectory.ending) for row in found} == {(2 / 3, "open")}


def test_what_never_acted_is_a_mistake(tmp_path: Path) -> None:
    evaluate(Scripted(policy="gold"), AgentH(count=10), tmp_path)
    with pytest.raises(Mistake, match="nothing was acted out here"):
        harvested([tmp_path])
    with pytest.raises(Mistake, match="not graded by 'hotpotqa_locl'"):
        harvested([tmp_path], on="hotpotqa_locl")


def test_the_command_says_what_can_no_longer_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(EXPERT, HotpotqaLocal(per_level=1), tmp_path)
    assert run(["harvest", str(tmp_path), "--json"]) == 0
    said = capsys.readouterr()
    assert "what a model that is tuned on them scores there means nothing" in said.err
    told = json.loads(said.out)
    assert (told["rows"], told["no_longer_measured_by"]) == (3, ["hotpotqa_local"])
    assert told["benchmarks"] == {"hotpotqa_local": {"rows": 3, "left": {}}}
