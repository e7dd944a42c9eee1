"""BFCL: agreement with gorilla on recorded verdicts, gold of the real files, and where ours is meant to differ."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply
from agentflan.evals.bfcl import checker, grading, pythonic
from agentflan.evals.bfcl.categories import CATEGORIES
from agentflan.evals.bfcl.questions import Expected
from agentflan.models.scripted import Scripted
from tests.evals.bfcl_replies import AT_LEAST, REAL, problems, replies

GOLDEN = Path(__file__).parents[1] / "golden" / "bfcl.json"
BROKEN = {"live_multiple_964-207-0": "missing_required"}
"""The answer fills a parameter that no function on offer has."""
real = pytest.mark.skipif(not REAL.is_dir(), reason="BFCL's own files are not beside the checkout")
syntaxes = pytest.mark.parametrize("syntax", ["prompt", "native"])
PROBLEMS = plugs.load("benchmark", "bfcl").problems()
SAMPLE = {problem.part: problem for problem in PROBLEMS}


def graded(problem: Problem, text: str) -> tuple[str, str]:
    return grading.verdicts(problem, text)


@real
def test_compat_is_gorillas_verdict() -> None:
    recorded: dict[str, Any] = msgspec.json.decode(GOLDEN.read_bytes())
    kinds = recorded["kinds"]
    for category, asked in problems():
        seen, differ = 0, 0
        for problem in asked:
            told = recorded["verdicts"][category][problem.id.rpartition("/")[2]]
            texts = replies(problem, -(-AT_LEAST // len(asked)))
            assert len(told) == len(texts)
            for code, text in zip(told, texts, strict=True):
                theirs = kinds[ord(code) - ord("a")].replace("decoder_wrong_output_format", "decoder_failed")
                seen += 1
                differ += graded(problem, text)[1] != theirs
        assert seen >= 300
        assert differ <= 0.005 * seen, category


@real
@syntaxes
def test_gold_of_the_real_files_scores_full(syntax: str) -> None:
    benchmark = plugs.load("benchmark", {"use": "bfcl", "path": str(REAL), "syntax": syntax})
    asked = benchmark.problems()
    wrong: dict[str, str] = {}

    def seen(index: int, reply: Reply) -> None:
        if error := graded(asked[index], reply.text)[0]:
            wrong[asked[index].id.rpartition("/")[2]] = error

    Scripted(policy="gold")(asked, seen)
    assert len(asked) > 2_000
    assert {problem.part for problem in asked} == set(CATEGORIES)
    assert wrong == BROKEN
    assert benchmark.notes()["data"] != "sample"


@syntaxes
def test_gold_of_the_sample_scores_full_either_way(syntax: str) -> None:
    benchmark = plugs.load("benchmark", {"use": "bfcl", "syntax": syntax})
    asked, scores = benchmark.problems(), []
    Scripted(policy="gold")(asked, lambda index, reply: scores.append(benchmark.score(asked[index], reply)))
    assert benchmark.summary(scores)["overall"] == 1


def test_silence_is_an_abstention_for_gorilla_alone() -> None:
    benchmark = plugs.load("benchmark", "bfcl")
    metrics = benchmark.summary([benchmark.score(problem, Reply(text="")) for problem in benchmark.problems()])
    assert metrics["overall"] == 0
    assert metrics["compat/overall"] == pytest.approx(1 / 3)
    assert metrics["error/empty_reply"] == len(benchmark.problems())


@pytest.mark.parametrize(
    "text",
    ['<tool_call>{"name": "lamp_switch", "arguments": {"room": "hall"}}</tool_call>', "Action: x\nAction Input: {}"],
)
def test_a_call_that_cannot_be_decoded_is_no_abstention(text: str) -> None:
    assert graded(SAMPLE["irrelevance"], text) == ("called", "")
    assert graded(SAMPLE["irrelevance"], "No function here can do that.") == ("", "")


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ('[bakery.order(kind="rye", loaves=2)]', ""),
        ("[bake()]", "wrong_func_name"),
        ("[bakery.order(loaves=2)]", "missing_required"),
        ('[bakery.order(kind="rye", loaves=2, hot=True)]', "unexpected_param"),
    ],
)
def test_a_relevant_call_must_be_valid(text: str, ours: str) -> None:
    assert graded(SAMPLE["live_relevance"], text) == (ours, "")


def test_each_expected_call_may_take_another_one_that_fits() -> None:
    properties: dict[str, dict[str, Any]] = {"a": {"type": "integer"}}
    either, one = (Expected(name="f", properties=properties, accepted={"a": list(ok)}) for ok in ((1, 2), (1,)))
    calls = pythonic.calls("[f(a=1), f(a=2)]")
    assert checker.check(calls, [either, one], "parallel", "python") == checker.NO_MATCH
    assert checker.paired(calls, [either, one], "python") == ""


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("live_simple", "[ferry_route(3, stops=['Mallaig', 'Eigg', 'Rum'], weight=2.5)]"),
        ("simple_javascript", 'openPanel(title="Tools", options={"modal": true}); openPanel(title="Tools")'),
        ("simple_java", 'Clock.setAlarm(millis=90000L, name="nap"); Clock.stop()'),
    ],
)
def test_what_gorilla_leaves_out_of_a_reply_is_not_overlooked(part: str, text: str) -> None:
    assert graded(SAMPLE[part], text) == ("decoder_failed", "")


@pytest.mark.parametrize(
    ("items", "ours"),
    [
        ('new ArrayList<String>(Arrays.asList("Dune", "Emma"))', ""),
        ('new ArrayList<String>() {{ add("Dune"); add("Emma"); }}', ""),
        ('new ArrayList<String>(Arrays.asList("Dune, Emma"))', "value_error:list/tuple"),
    ],
)
def test_lists_of_java_are_read_by_their_syntax(items: str, ours: str) -> None:
    problem = next(problem for problem in PROBLEMS if problem.id.endswith("/simple_java_0"))
    assert graded(problem, f"[Shelf.place(titles={items}, row=3, wide=true)]")[0] == ours


def test_java_values_have_their_types() -> None:
    problem, call = SAMPLE["simple_java"], "[Clock.setAlarm(millis=90000L, name={})]"
    assert graded(problem, call.format('"nap"')) == ("", "")
    assert graded(problem, call.format('"doze"'))[0] == "value_error:string"
    assert graded(problem, call.replace("L", "").format('"nap"'))[0] == "type_error:simple"


@pytest.mark.parametrize(
    ("code", "value"),
    [("2*3+1", 7), ("-(2)", -2), ("+5", 5), ("'a'+'b'", "ab"), ("x", "x"), ("g(1)", "g(1)"), ("(1, 2)", (1, 2))],
)
def test_values_are_read_without_running_them(code: str, value: object) -> None:
    assert pythonic.calls(f"[f(a={code})]") == [("f", {"a": value})]


@pytest.mark.parametrize("code", ["1/0", "9**9**9", "'a'*9", "__import__('os')+1", "lambda: 1", "{1}"])
def test_what_is_no_value_is_no_call(code: str) -> None:
    with pytest.raises(pythonic.Undecodable):
        pythonic.calls(f"[f(a={code})]")


@pytest.mark.parametrize("sign", ["[", "f(a=1), ", "new ArrayList<>(Arrays.asList(", "{a: ", "-", '"'])
@pytest.mark.parametrize("part", ["simple_python", "simple_java", "simple_javascript", "live_relevance"])
def test_hostile_text_takes_linear_time(part: str, sign: str) -> None:
    for size in (4_990, 10_000_000):
        text = sign * (size // len(sign))
        begun = time.process_time()
        graded(SAMPLE[part], text)
        assert time.process_time() - begun < 5


def test_mistakes_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="0 files hold the questions of multiple"):
        plugs.load("benchmark", {"use": "bfcl", "path": str(tmp_path), "categories": ["multiple"]}).problems()
    (tmp_path / "BFCL_v4_irrelevance.json").write_text('{"id": "a", "question": []}\n')
    with pytest.raises(Mistake, match="no question of irrelevance"):
        plugs.load("benchmark", {"use": "bfcl", "path": str(tmp_path), "categories": ["irrelevance"]}).problems()
    with pytest.raises(Mistake, match="no category 'simpel'"):
        plugs.load("benchmark", {"use": "bfcl", "categories": ["simpel"]})
