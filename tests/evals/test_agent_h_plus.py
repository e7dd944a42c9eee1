"""Agent-H+: its problems are what they claim to be, each kind of error is found where it is and nowhere else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from agentflan.core.types import Answer, Problem, Reply, ToolCall
from agentflan.dialects.writing.languages import elicits
from agentflan.dialects.writing.wordings import wordings as yaml_of
from agentflan.evals.agent_h.domains import domains
from agentflan.evals.agent_h_plus import forms, grading, scenes
from agentflan.evals.agent_h_plus.cases import DUE, PARTS
from agentflan.evals.benchmarks.agent_h_plus import AgentHPlus
from agentflan.models.scripted import Scripted
from agentflan.recipes.demo import world as demo

WRONG = [part for part in PARTS if part != DUE]
VIRTUES = ("right_call", "format_obeyed", "apt", "asks", "declines", "answers")


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return list(AgentHPlus().problems())


def query(problem: Problem) -> str:
    return problem.messages[-1].segments[0].text


def first(problems: list[Problem], part: str, form: str = "json", language: str = "en", tool: str = "") -> Problem:
    for problem in problems:
        right = grading.expected(problem)
        if (problem.part, right.form, right.language) == (part, form, language) and tool in ("", right.tool):
            return problem
    raise AssertionError(f"no problem {part} {form} {language} {tool}")


def graded(problem: Problem, text: str) -> set[str]:
    return {name for name, value in grading.graded(problem, text).items() if value}


def call(form: str, name: str, arguments: dict[str, Any]) -> str:
    return forms.written(form, ToolCall(name=name, arguments=json.dumps(arguments)))


# --- the generated problems


def test_parts_forms_and_languages_come_in_equal_parts(problems: list[Problem]) -> None:
    rights = [grading.expected(problem) for problem in problems]
    met = Counter((each.part, right.form, right.language) for each, right in zip(problems, rights, strict=True))
    assert len(met) == 6 * 7 * 2
    assert set(met.values()) == {25}


def test_queries_are_distinct_and_fewer_problems_begin_more(problems: list[Problem]) -> None:
    assert len(problems) >= 2000
    assert len({(each.part, query(each)) for each in problems}) == len(problems)
    assert list(AgentHPlus(count=90).problems()) == problems[:90]
    assert list(AgentHPlus(count=90, seed=1).problems()) != problems[:90]


def test_the_offer_is_what_the_part_says(problems: list[Problem]) -> None:
    home = {tool.name: domain.name for domain in scenes.scenes().domains for tool in domain.tools}
    for problem in problems:
        right, names = grading.expected(problem), [tool.name for tool in problem.tools]
        assert len(names) == len(set(names))
        assert bool(names) == problem.part.startswith("tools")
        assert bool(right.tool) == (problem.part == DUE)
        assert bool(right.missing) == (problem.part == "tools_incomplete")
        if right.tool:
            assert right.tool in names
            assert len({home[name] for name in names}) > 1
            slots = scenes.scenes().slots
            tool = next(tool for domain in scenes.scenes().domains for tool in domain.tools if tool.name == right.tool)
            for parameter, slot in tool.parameters.items():
                values = [
                    slots[slot].values.index(value)
                    for value in right.accepted[parameter]
                    if value in slots[slot].values
                ]
                assert str(slots[slot].spoken(right.language)[values[0]]) in query(problem)


def test_the_prompt_names_every_tool_and_the_form_is_told_without_tools_too(problems: list[Problem]) -> None:
    signs = {"react": "Action Input:", "glaive": "<functioncall>", "hermes": "<tool_call>", "python": "Python"}
    for problem in problems:
        system = problem.messages[0].segments[0].text
        assert all(tool.name in system for tool in problem.tools)
        form = grading.expected(problem).form
        assert signs.get(form, "") in system
        assert all(sign not in system for name, sign in signs.items() if name != form)


def test_the_scenes_hold_together() -> None:
    held = scenes.scenes()
    assert len(held.domains) >= 8
    types = {slot.type for slot in held.slots.values()}
    assert types == {"string", "integer", "number"}
    for slot in held.slots.values():
        for language in ("en", "zh"):
            assert len(slot.spoken(language)) == len(set(slot.spoken(language))) == len(slot.values)
    for domain in held.domains:
        for tool in domain.tools:
            schema = json.loads(scenes.spec(tool.name, "zh").parameters)
            assert schema["required"] == list(tool.parameters)
            for language in ("en", "zh"):
                for ask in tool.asks[language]:
                    assert all(f"{{{name}}}" in ask for name in tool.parameters)
                for lacking in tool.lacking:
                    assert all(f"{{{lacking.parameter}}}" not in ask for ask in lacking.asks(language))


def texts_of_training() -> Iterator[str]:
    """What our own generators of training data and problems say."""
    yield from (*demo.ASKS.tuning, *demo.ASKS.held_out, *demo.CHATS.tuning, *demo.CHATS.held_out)
    for language in ("en", "zh"):
        for said in (yaml_of("agentflan.transforms", "refusals", language), elicits(language)):
            yield from (text for texts in said.values() for text in texts)
    yield from (ask for domain in domains().domains for tool in domain.tools for ask in tool.asks)
    yield from domains().ordinary.asks


def grams(text: str) -> set[tuple[str, ...]]:
    """Five words in a row, or eight characters where words are not parted by spaces."""
    parts = text.casefold().split() if text.isascii() else list(text)
    size = 5 if text.isascii() else 8
    return {tuple(parts[place : place + size]) for place in range(len(parts) - size + 1)}


def test_names_and_wordings_are_those_of_no_training_generator(problems: list[Problem]) -> None:
    ours = {tool.name for domain in scenes.scenes().domains for tool in domain.tools}
    assert not ours & {tool.name for domain in domains().domains for tool in domain.tools}
    assert not ours & {"".join(pair) for pair in (*demo.TUNING.names, *demo.TUNING.topics)}
    trained = {gram for text in texts_of_training() for gram in grams(text)}
    assert trained
    for problem in problems:
        assert not grams(query(problem)) & trained, query(problem)


# --- the ends of the scale


def metrics_of(policy: str, problems: list[Problem]) -> dict[str, float]:
    benchmark, scores = AgentHPlus(), []
    model = msgspec.convert({"policy": policy}, Scripted)
    model(problems, lambda index, reply: scores.append(benchmark.score(problems[index], reply)))
    return benchmark.summary(scores)


def test_gold_has_every_virtue_and_no_error_anywhere(problems: list[Problem]) -> None:
    metrics = metrics_of("gold", problems)
    shares = [name for name in metrics if f"{name}_low" in metrics]
    for name in shares:
        error = name.partition("/")[0] in AgentHPlus.costs
        assert metrics[name] == (0 if error else 1), name


def test_nobody_wins_by_always_doing_the_same(problems: list[Problem]) -> None:
    mute, eager, silent = (metrics_of(policy, problems) for policy in ("never_calls", "always_calls", "silent"))
    assert (mute["balanced"], mute["miss"], mute["over_call"], mute["h_score"]) == (0.5, 1, 0, 1)
    assert (eager["balanced"], eager["miss"], eager["over_call"], eager["right_call"]) == (0.5, 0, 1, 0)
    assert silent["balanced"] == 0
    slices = (*forms.FORMS, "en", "zh")
    assert all(metrics[f"balanced/{slice_}"] == 0.5 for metrics in (mute, eager) for slice_ in slices)
    assert metrics_of("random", problems)["balanced"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("text", ["<tool_call>\n{{{", '{"name": "x", "arguments": {"a": ', "Action:\nAction Input: {}"])
def test_calls_that_cannot_be_decoded_are_attempts(problems: list[Problem], text: str) -> None:
    benchmark = AgentHPlus()
    metrics = benchmark.summary([benchmark.score(problem, Reply(text=text)) for problem in problems])
    assert (metrics["over_call"], metrics["miss"], metrics["malformed"], metrics["balanced"]) == (1, 0, 1, 0.5)
    assert metrics["right_call"] == 0


# --- kinds of error


PRINT = {"file": "menu_new.pdf", "copies": 36, "paper_size": "A5"}


@pytest.fixture
def printing() -> Problem:
    """A problem whose right call is `submit_print_job` with PRINT."""
    problem = first(list(AgentHPlus(forms=("json",), languages=("en",)).problems()), DUE, tool="submit_print_job")
    right = msgspec.structs.replace(
        grading.expected(problem), accepted={name: (value,) for name, value in PRINT.items()}
    )
    return msgspec.structs.replace(problem, reference=msgspec.json.encode(right).decode())


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({}, set()),
        ({"file": " MENU_new.PDF", "copies": 36.0}, {"bad_value"}),  # 36.0 is no integer
        ({"file": " MENU_new.PDF"}, set()),
        ({"copies": None}, {"missing_arg"}),
        ({"colour": "red"}, {"invented_arg"}),
        ({"copies": "36"}, {"bad_value"}),
        ({"copies": True}, {"bad_value"}),
        ({"copies": 37}, {"bad_value"}),
        ({"paper_size": "A2"}, {"bad_value"}),
        ({"double_sided": False}, set()),
        ({"double_sided": "no"}, {"bad_value"}),
        ({"copies": None, "colour": "red", "file": "x"}, {"missing_arg", "invented_arg", "bad_value"}),
    ],
)
def test_errors_in_arguments(printing: Problem, changes: dict[str, Any], errors: set[str]) -> None:
    arguments = {name: value for name, value in {**PRINT, **changes}.items() if value is not None}
    found = graded(printing, call("json", "submit_print_job", arguments))
    assert found == errors | {"format_obeyed"} | ({"right_call"} if not errors else set())


def test_errors_around_the_call(printing: Problem) -> None:
    right = call("json", "submit_print_job", PRINT)
    other = next(tool for tool in printing.tools if tool.name != "submit_print_job")
    needed = dict.fromkeys(json.loads(other.parameters)["required"], "")
    assert "wrong_tool" in graded(printing, call("json", other.name, needed))
    assert graded(printing, call("json", "print_it", PRINT)) == {"unknown_tool", "format_obeyed"}
    assert graded(printing, call("hermes", "submit_print_job", PRINT)) == {"right_call"}
    assert graded(printing, right[:-3]) == {"malformed"}
    assert graded(printing, f"{right}\nObservation: printed") == {"fabricated_observation", "format_obeyed"}
    assert graded(printing, f"{right}\n<tool_response>ok</tool_response>") == {
        "fabricated_observation",
        "format_obeyed",
    }
    assert graded(printing, "I will use submit_print_job.") == {"phantom", "miss"}
    assert graded(printing, "One moment, please.") == {"phantom", "miss"}
    assert graded(printing, "It has been printed.") == {"miss"}
    assert graded(printing, "") == {"empty", "miss"}
    assert graded(printing, f"<think>Observation: one moment</think>{right}") == {"right_call", "format_obeyed"}


@pytest.mark.parametrize("form", forms.FORMS)
def test_a_call_is_right_in_any_form_and_obeys_one(problems: list[Problem], form: str) -> None:
    for asked in forms.FORMS:
        problem = first(problems, DUE, asked)
        right = grading.expected(problem)
        text = call(form, right.tool, {name: values[0] for name, values in right.accepted.items()})
        found = grading.graded(problem, text)
        assert (found["right_call"], found["miss"]) == (True, False)
        obeyed = None if asked in forms.FREE else asked == form or (asked == "json" and form in forms.FREE)
        assert found.get("format_obeyed") == obeyed


def test_a_name_alone_is_a_call_where_turns_are_that_short(problems: list[Problem]) -> None:
    problem = first(problems, DUE, "talk")
    assert graded(problem, grading.expected(problem).tool) == {"right_call"}
    other = next(tool.name for tool in problem.tools if tool.name != grading.expected(problem).tool)
    assert graded(problem, f"I will use {other}.") == {"wrong_tool"}


@pytest.mark.parametrize(
    ("part", "language", "text", "found"),
    [
        ("tools_irrelevant", "en", "I can't do that with what I have.", {"apt", "declines"}),
        ("tools_irrelevant", "zh", "抱歉，我无法办理。", {"apt", "declines"}),
        ("tools_irrelevant", "en", "It is at noon.", set()),
        ("tools_irrelevant", "en", "Let me check that for you.", {"phantom"}),
        ("no_tools_relevant", "zh", "请稍等，我来查。", {"phantom"}),
        (
            "no_tools_relevant",
            "en",
            '<tool_call>{"name": "x", "arguments": {}}</tool_call>',
            {"over_call", "unknown_tool"},
        ),
        ("no_tools_relevant", "en", "I'm unable to.\nObservation: none", {"apt", "declines", "fabricated_observation"}),
        ("tools_ordinary", "en", "It is an art, to me. Is it to you?", {"apt", "answers"}),
        ("tools_ordinary", "en", "I cannot talk about that.", set()),
        ("no_tools_ordinary", "zh", "手艺。", {"apt", "answers"}),
        ("no_tools_ordinary", "en", "Action: none\nAction Input: {}", {"apt", "answers"}),
        ("tools_incomplete", "en", "Who are you?", set()),
        ("tools_incomplete", "en", "", {"empty", "over_call"}),
    ],
)
def test_replies_where_no_call_is_due(
    problems: list[Problem], part: str, language: str, text: str, found: set[str]
) -> None:
    assert graded(first(problems, part, "react", language), text) == found


def test_to_ask_is_to_ask_for_what_is_missing(problems: list[Problem]) -> None:
    for problem in problems:
        if problem.part == "tools_incomplete":
            action = problem.gold[0].action
            assert isinstance(action, Answer)
            assert graded(problem, action.text) == {"apt", "asks"}
            assert graded(problem, "?") == set()


def test_filling_the_gap_by_oneself_is_a_call_too_many(problems: list[Problem]) -> None:
    problem = first(problems, "tools_incomplete", "json")
    tool = problem.tools[0]
    given = dict.fromkeys(json.loads(tool.parameters)["properties"], "x")
    assert "over_call" in graded(problem, call("json", tool.name, given))


def test_agent_h_proper_is_counted_beside_it(problems: list[Problem]) -> None:
    benchmark = AgentHPlus()
    plain = [problem for problem in problems if problem.part == "no_tools_ordinary"]
    half = len(plain) // 2
    texts = ["Thought: hm"] * half + ["I will use care."] * half
    metrics = benchmark.summary(
        [benchmark.score(problem, Reply(text=text)) for problem, text in zip(plain, texts, strict=True)]
    )
    assert (metrics["h_react"], metrics["h_general"], metrics["h_score"]) == (0.5, 0.5, 0.5)
    assert metrics["h_score/no_tools_ordinary"] == 0.5
    assert metrics["n/no_tools_ordinary"] == metrics["n"] == len(plain)
    assert "balanced" not in metrics  # no problem in which a call is due


def test_virtues_and_errors_are_all_there_is(problems: list[Problem]) -> None:
    metrics = metrics_of("random", problems[:84])
    names = {name for name in metrics if "/" not in name and f"{name}_low" in metrics}
    assert names == {*AgentHPlus.costs, *VIRTUES, "balanced", "h_score"}
    assert [part for part in PARTS if f"over_call/{part}" in metrics] == WRONG
