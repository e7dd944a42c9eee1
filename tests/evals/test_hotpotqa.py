"""HotpotQA: answers measured as published, a world that says what ReAct's says, real runs of FireAct played in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Problem, Reply, Step, ToolCall
from agentflan.evals import episodes
from agentflan.evals.benchmarks.hotpotqa_live import HotpotqaLive
from agentflan.evals.benchmarks.hotpotqa_local import HotpotqaLocal
from agentflan.evals.hotpotqa.answers import exact, f1
from agentflan.evals.hotpotqa.library import Library
from agentflan.evals.hotpotqa.questions import read
from agentflan.evals.hotpotqa.reading import Article, Reading, Similar
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted
from agentflan.sources.fireact import Fireact

DATA = Path(__file__).parents[3] / "shared/data/fireact_trajs"
real = pytest.mark.skipif(not DATA.exists(), reason="needs the real rows in ../shared/data")


def call(name: str, arguments: str) -> Step:
    return Step(action=ToolCall(name=name, arguments=arguments))


def runs() -> Iterator[tuple[dict[str, Any], bytes]]:
    """(record, its JSON) of each published FireAct run that holds text."""
    for path in sorted(DATA.glob("*.json")):
        for run in json.loads(path.read_bytes()).values():
            yield run, json.dumps(run).encode()


@pytest.mark.parametrize(
    ("said", "gold", "em", "score"),
    [
        ("The Grey Heron!", "grey heron", True, 1),
        ("the grey heron ship", "Grey Heron", False, 0.8),
        ("yes", "yes", True, 1),
        ("yes it is", "yes", False, 0),
        ("no", "no man", False, 0),
        ("a theatre", "theatre", True, 1),
        ("", "x", False, 0),
        ("heron heron", "heron grey", False, 0.5),
    ],
)
def test_answers_are_measured_as_published(said: str, gold: str, em: bool, score: float) -> None:
    assert exact(said, gold) is em
    assert f1(said, gold) == pytest.approx(score)


@real
def test_fireacts_recorded_marks_are_ours() -> None:
    """EM and F1 that each published run carries, by the answer and the gold beside them."""
    compared = 0
    for run, _ in runs():
        if run["pred"] is not None and isinstance(run["f1"], int | float):
            assert exact(run["pred"], run["gt"]) == bool(run["em"]), run["pred"]
            assert f1(run["pred"], run["gt"]) == pytest.approx(run["f1"]), run["pred"]
            compared += 1
    assert compared > 900


@real
def test_fireacts_runs_play_in_our_world(tmp_path: Path) -> None:
    """Their questions through our prompt and loop, their steps as the model's replies, their marks as our metrics."""
    rows, replies, marks = [], {}, []
    for number, (run, raw) in enumerate(runs()):
        trajectory = Fireact()(raw)
        finish = getattr(trajectory, "steps", (Step(),))[-1].action
        if not isinstance(finish, Answer) or len(trajectory.steps) > 10 or not finish.text:
            continue
        question = trajectory.query
        rows.append({"_id": str(number), "question": question, "answer": run["gt"], "level": "hard"})
        replies[f"hotpotqa/hard/{number}"] = trajectory.steps
        marks.append((float(run["em"]), float(run["f1"])))
    path = tmp_path / "hotpot.json"
    path.write_text(json.dumps(rows))

    class Told:
        name = "fireact"

        def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], object]) -> None:
            for index, problem in enumerate(problems):
                turn = sum(message.role == "assistant" for message in problem.messages)
                step = replies[problem.id][turn]
                action = step.action
                said = f"finish[{action.text}]" if isinstance(action, Answer) else f"search[{action.arguments}]"
                seen(index, Reply(text=f"Thought: {step.thought}\nAction: {said}"))

    metrics = evaluate(Told(), HotpotqaLocal(path=path, per_level=1000), tmp_path)
    assert metrics["n/hard"] == len(rows) > 800
    assert metrics["ended/finished"] == 1
    assert metrics["em"] == pytest.approx(sum(em for em, _ in marks) / len(marks))
    assert metrics["f1"] == pytest.approx(sum(f1 for _, f1 in marks) / len(marks))


def reading() -> Reading:
    world = HotpotqaLocal().world().__enter__()
    world.reset(next(problem for problem in HotpotqaLocal().problems() if problem.gold[0].action.arguments == "1741"))
    return world


def test_the_world_says_what_reacts_world_says() -> None:
    world = reading()
    assert world.step(call("Lookup", "town")).text == "No more results."
    shown = world.step(call("search", "tamsel (TOWN)"))
    assert shown.text.startswith("Tamsel is the only town of the island of Orrin. It was founded in 1741")
    assert world.step(call("Lookup", "TAMSEL")).text == "(Result 1 / 1) Tamsel is the only town of the island of Orrin."
    assert world.step(call("Lookup", "i")).text.startswith("(Result 1 / 3)")
    assert world.step(call("Lookup", "i")).text.startswith("(Result 2 / 3)")
    missed = world.step(call("Search", "Tamsel in the winter sports"))
    assert missed.text.startswith("Could not find [Tamsel in the winter sports]. Similar: ['Tamsel (town)'")
    assert world.step(call("Lookup", "i")).text.startswith("(Result 3 / 3)")  # the old article is still open
    assert world.step(call("Lookup", "i")).text == "No more results."
    assert world.step(call("Finish", "In 1741")).reward == 0
    finished = world.step(call("Finish", "1741."))
    assert (finished.done, finished.reward) == (True, 1)


@pytest.mark.parametrize(
    "step",
    [Step(), Step(thought="so"), Step(action=Answer(text="1741")), call("Search", " "), call("open", "Tamsel")],
)
def test_what_is_no_action_changes_nothing(step: Step) -> None:
    shown = reading().step(step)
    assert (shown.fault, shown.done, shown.text[:15]) == ("invalid", False, "Invalid action:")


def test_a_search_by_words_finds_the_article_that_holds_them_all() -> None:
    library = Library(read(None))
    assert len(library) == 30
    found = library.find("footbridge Marit Solvane 1998")
    assert isinstance(found, Article)
    assert found.sentences[0] == "The Glass Bridge is a footbridge in Quell."
    assert isinstance(library.find("footbridge of steel"), Similar)
    assert library.find("zzz") == library.find("") == Similar(())
    assert Library([]).find("Quell") == Similar(())


@given(st.text())
def test_any_search_is_answered(text: str) -> None:
    assert isinstance(Library(read(None)[:2]).find(text), Article | Similar)


def test_every_sample_answer_can_be_read() -> None:
    """What the expert is shown on its way holds the answer, but where the answer is yes, no or a comparison's."""
    benchmark = HotpotqaLocal()
    rows = {f"hotpotqa/{row.level}/{row.id}": row for row in read(None)}
    assert {level: sum(row.level == level for row in rows.values()) for level in ("easy", "medium", "hard")} == {
        "easy": 12,
        "medium": 12,
        "hard": 12,
    }
    for problem in benchmark.problems():
        with benchmark.world() as world:
            world.reset(problem)
            shown = " ".join(world.step(step).text for step in problem.solution[:-1])
        answer = rows[problem.id].answer
        assert answer in ("yes", "no") or answer.lower() in shown.lower(), problem.id


def test_questions_are_chosen_by_their_ids_alone(tmp_path: Path) -> None:
    rows = msgspec.json.decode(msgspec.json.encode([msgspec.to_builtins(row) for row in read(None)]))
    path = tmp_path / "hotpot.json"
    path.write_text(json.dumps(rows[::-1]))
    first = {problem.id for problem in HotpotqaLocal(per_level=5).problems()}
    assert len(first) == 15
    assert {problem.id for problem in HotpotqaLocal(path=path, per_level=5).problems()} == first
    assert {problem.id for problem in HotpotqaLocal(per_level=5, seed=1).problems()} != first


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"_id": "1", "question": "?", "answer": "x"}], "level"),
        ([{"_id": "1", "question": "?", "answer": "x", "level": "hard"}] * 2, "twice"),
    ],
)
def test_a_file_of_something_else_is_told(tmp_path: Path, rows: Any, sentence: str) -> None:
    path = tmp_path / "hotpot.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(Mistake, match=sentence):
        HotpotqaLocal(path=path).problems()


def test_other_examples_can_stand_in_the_prompt(tmp_path: Path) -> None:
    path = tmp_path / "examples.txt"
    path.write_text("Question: one?\nAction 1: Finish[two]")
    told = HotpotqaLocal(examples=path).problems()[0].messages[0].segments[0].text
    assert "Here are some examples.\n\nQuestion: one?\nAction 1: Finish[two]\n\nQuestion: " in told
    with pytest.raises(Mistake, match="no examples"):
        HotpotqaLocal(examples=tmp_path / "none").problems()


@contextmanager
def wiki(*arguments: str) -> Iterator[str]:
    command = [sys.executable, "-m", "agentflan.evals.hotpotqa.mediawiki", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_a_live_wiki_is_searched_and_what_came_is_kept(tmp_path: Path) -> None:
    pages = tmp_path / "pages.jsonl"
    with wiki("--refuse", "1") as url:
        live = HotpotqaLive(url=url, pages=pages)
        metrics = evaluate(Scripted(policy="expert"), live, tmp_path)
        with live.world() as world:
            world.reset(live.problems()[0])
            missed = world.step(call("Search", "the town of Tamsel"))
    assert (metrics["f1"], metrics["faults"]) == (1, 0)
    assert missed.text.startswith("Could not find [the town of Tamsel]. Similar: [")
    kept = pages.read_bytes()
    again = evaluate(Scripted(policy="expert"), live, tmp_path / "again")  # nobody serves any more
    assert again == metrics
    assert pages.read_bytes() == kept


def test_a_wiki_that_cannot_be_reached_is_no_wrong_answer(tmp_path: Path) -> None:
    with wiki("--refuse", "9") as url:
        metrics = evaluate(Scripted(policy="expert"), HotpotqaLive(url=url, per_level=1), tmp_path, limit=1)
        assert (metrics["faults/world"], metrics["n/easy"]) == (1, 0)
        mended = evaluate(Scripted(policy="gold"), HotpotqaLive(url=url, per_level=1), tmp_path, limit=1)
    assert (mended["faults"], mended["f1"]) == (0, 1)


@pytest.mark.parametrize("piece", ["a ", "Action: Search[", "Action: Finish[the ", "Observation:\n", "]", "\n"])
def test_ten_megabytes_are_graded(piece: str) -> None:
    problem = HotpotqaLocal().problems()[0]
    said = Reply(text=f"Action: Finish[{piece * (10_000_000 // len(piece))}]")
    assert episodes.alone(HotpotqaLocal(), problem, said).turns
    assert HotpotqaLocal().score(problem, said).values["em/easy"] == 0
