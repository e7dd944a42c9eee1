"""When2Call: the rules against the candidate answers of the published file, the judge, and what is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from agentflan.core import chance, plugs
from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, ToolSpec
from agentflan.evals.confusion import macro_f1, published_macro_f1
from agentflan.evals.when2call import records
from agentflan.evals.when2call.behaviour import BEHAVIOURS, behaviour
from agentflan.evals.when2call.judge import named
from agentflan.models.scripted import Policy, Scripted

REAL = Path(__file__).parents[3] / "shared" / "data" / "when2call" / "when2call_test_llm_judge.jsonl"
BENCHMARK = plugs.load("benchmark", "when2call")


class SaysCannot(Plug, frozen=True):
    """A judge that finds the same in every reply."""

    name: str = "says-cannot"
    fault: str = ""

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        for index, problem in enumerate(problems):
            assert "<AI_MODEL_RESPONSE>" in problem.messages[-1].segments[0].text
            seen(index, Reply(text='{"classification": "cannot_answer"}', fault=self.fault, detail=self.fault))


def metrics(policy: Policy) -> dict[str, float]:
    problems = BENCHMARK.problems()
    scores = []
    Scripted(policy=policy)(problems, lambda index, reply: scores.append(BENCHMARK.score(problems[index], reply)))
    found: dict[str, float] = BENCHMARK.summary(scores)
    return found


def test_the_rules_agree_with_the_published_candidate_answers() -> None:
    if not REAL.is_file():
        pytest.skip(f"the real rows are not at {REAL}")
    right = dict.fromkeys(BEHAVIOURS, 0)
    rows = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        tools = tuple(ToolSpec(name=json.loads(tool)["name"]) for tool in row["tools"])
        for each in BEHAVIOURS:
            right[each] += behaviour(row["answers"][each], tools) == each
    assert len(rows) == 207
    assert right == {"direct": 205, "tool_call": 207, "request_for_info": 207, "cannot_answer": 206}


def test_the_published_file_gives_full_marks_to_its_own_answers() -> None:
    if not REAL.is_file():
        pytest.skip(f"the real rows are not at {REAL}")
    for problem in records.problems(REAL):
        due = json.loads(problem.reference)["answers"][problem.part]
        assert BENCHMARK.score(problem, Reply(text=due)).values["accuracy"] == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  ", None),
        ("Oslo lies on a fjord.", "direct"),
        ("The ferry leaves at eight from the old pier, every day but Sunday. Would you like a seat?", "direct"),
        ("How can I help you today?", "direct"),
        ("Would you like the early or the late ferry?", "request_for_info"),
        ("To book it, I'll need your name.", "request_for_info"),
        ("I’m afraid I can’t book ferries: I cannot reach the office.", "cannot_answer"),
        ("<tool_call>{oops", "tool_call"),
    ],
)
def test_a_behaviour_is_told_from_words(text: str, shown: str | None) -> None:
    assert behaviour(text, ()) == shown


def test_silence_shows_nothing_and_scores_nothing_in_either_reading() -> None:
    found = metrics("silent")
    assert found["compat/macro_f1"] == found["macro_f1"] == 0
    assert found["confusion/tool_call/nothing"] == found["n/tool_call"] == 3


def test_one_that_always_calls_invents_tools_and_one_that_never_calls_does_not() -> None:
    assert metrics("always_calls")["tool_hallucination"] == 1
    assert metrics("never_calls")["tool_hallucination"] == 0


def test_f1_over_due_and_shown_classes_is_scikit_learns() -> None:
    due = [chance.pick(BEHAVIOURS[1:], "due", number) for number in range(300)]
    shown = [chance.pick(BEHAVIOURS, "shown", number) for number in range(300)]
    cells = [f"{one}/{other}" for one, other in zip(due, shown, strict=True)]
    matrix = {cell: cells.count(cell) for cell in cells}
    assert published_macro_f1(matrix) == pytest.approx(f1_score(due, shown, average="macro"))
    assert macro_f1(matrix) == pytest.approx(f1_score(due, shown, labels=BEHAVIOURS[1:], average="macro"))


def test_a_judge_is_asked_of_replies_that_are_no_call_and_is_named() -> None:
    benchmark = plugs.load("benchmark", {"use": "when2call", "judge": {"use": f"{__name__}:SaysCannot"}})
    values = [benchmark.score(each, Reply(text="The kettle is on.")).values for each in benchmark.problems()]
    assert sum(each["accuracy"] for each in values) == 3
    assert "SaysCannot" in benchmark.notes()["judge"]
    called = benchmark.score(benchmark.problems()[0], Reply(text='{"name": "x", "arguments": {}}')).values
    assert called["accuracy"] == 1


def test_a_judge_that_cannot_be_reached_stops_the_grading() -> None:
    judge = {"use": f"{__name__}:SaysCannot", "fault": "infrastructure"}
    benchmark = plugs.load("benchmark", {"use": "when2call", "judge": judge})
    with pytest.raises(Mistake, match="the judge gave no reply"):
        benchmark.score(benchmark.problems()[0], Reply(text="The kettle is on."))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Here: {"classification": "direct_answer"}.', "direct"),
        ('{"classification": "request_for_info"}', "request_for_info"),
        ('{"classification": ["tool_call"]}', None),
        ("tool_call", None),
        ("}{", None),
    ],
)
def test_what_a_judge_names(text: str, found: str | None) -> None:
    assert named(text) == found


@pytest.mark.parametrize("change", [{"correct_answer": "sing"}, {"answers": {}}, {"tools": ["no tool"]}])
def test_a_record_that_is_none_is_told_with_its_place(tmp_path: Path, change: dict[str, object]) -> None:
    first = json.loads(records.SAMPLE.read_text(encoding="utf-8").splitlines()[0])
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(first) + "\n" + json.dumps({**first, **change}), encoding="utf-8")
    with pytest.raises(Mistake) as told:
        records.problems(path)
    assert told.value.where == f"{path}:2"
