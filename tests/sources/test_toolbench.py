"""ToolBench: every real row and tree, six by hand, trees and rows telling the same, what is refused and why."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.shapes.search_paths import RESTART
from agentflan.sources.toolbench import Toolbench
from tests.sources.real_rows import check_golden, need, read, tally

TREES = {
    "G1_answer__10": "answer",
    "G1_answer__57": "answer",
    "G1_answer__69": "dropped no_path",
    "G2_answer__102": "answer",
    "G2_answer__10": "gave_up",
    "G2_answer__119": "gave_up",
    "G2_answer__127": "gave_up",
    "G2_answer__52": "answer",
    "G3_answer__15": "answer",
    "G3_answer__21": "answer",
    "G3_answer__3": "answer",
    "G1_instruction__588": "dropped no_path",
    "G1_instruction__608": "answer",
}
RESTARTED = {"G1_answer__57", "G2_answer__119", "G2_answer__127", "G2_answer__52", "G3_answer__15", "G3_answer__3"}
APIS = [{"name": "f_for_t", "description": 'about "t"', "parameters": {"type": "object"}}, {"name": "Finish"}]
CALL = "\nThought: \nAction: f_for_t\nAction Input: {}"
END = '\nThought: Done.\nAction: Finish\nAction Input: {"return_type": "give_answer", "final_answer": "It is so."}'


def prompt(apis: Any) -> str:
    return f"You are AutoGPT.\n\nSpecifically, you have access to the following APIs: {apis}"


def row(*turns: tuple[str, str], apis: Any = APIS) -> bytes:
    said = [("system", prompt(apis)), *turns] if apis is not None else turns
    return msgspec.json.encode({"id": "Step 7: x", "conversations": [{"from": w, "value": text} for w, text in said]})


def trajectory(data: bytes) -> Trajectory:
    found = Toolbench()(data)
    assert isinstance(found, Trajectory)
    return found


def tree_name(file: str) -> str:
    return next(name for name in TREES if f"{name}_" in file)


def test_every_real_tree_is_read_or_says_why() -> None:
    paths = [*need("toolbench_answers"), *need("stabletoolbench_answers")]
    assert {tree_name(path.name): tally(Toolbench(), path) for path in paths} == {
        name: {became: 1} for name, became in TREES.items()
    }


def test_every_real_row_is_read_or_says_why() -> None:
    (path,) = need("toolllama_rows")
    assert tally(Toolbench(), path) == {"dropped no_tool_list": 1, "open": 1}


def test_rows_checked_by_hand() -> None:
    check_golden("toolbench", Toolbench())


def real_trees() -> list[tuple[str, bytes, Trajectory]]:
    found = []
    for path in [*need("toolbench_answers"), *need("stabletoolbench_answers")]:
        (data,) = read(path)
        item = Toolbench()(data)
        if isinstance(item, Trajectory):
            found.append((tree_name(path.name), data, item))
    return found


def test_restarts_and_tools_of_the_real_trees() -> None:
    trees = real_trees()
    assert {name for name, _, found in trees if found.restarted} == RESTARTED
    for _, _, found in trees:
        assert "Finish" not in [tool.name for tool in found.tools]
        assert all(isinstance(msgspec.json.decode(tool.parameters), dict) for tool in found.tools)
        assert not any(RESTART in (step.observation or "") + step.thought for step in found.steps)
        assert "Begin!" not in found.query


def test_a_tree_and_the_rows_made_of_it_tell_the_same() -> None:
    """toolllama's rows are these trees laid out as text, the API list in Python's spelling."""
    for name, data, found in real_trees():
        made: dict[str, Any] = msgspec.json.decode(data)["answer_generation"]
        turns, thoughts = [], ""
        for message in made["train_messages"][-1][1:]:
            call = message.get("function_call")
            if message["role"] != "assistant":
                turns.append((message["role"], message["content"]))
            else:
                thoughts += f"\nThought: {message.get('content') or ''}"
                if call:
                    written = f"{thoughts}\nAction: {call['name']}\nAction Input: {call['arguments']}"
                    turns.append(("assistant", written))
                    thoughts = ""
        again = trajectory(row(*turns, apis=made["function"]))
        assert msgspec.structs.replace(again, id="") == found, name


def test_a_path_as_toolllama_lays_it_out() -> None:
    found = trajectory(
        row(
            ("user", "\nWhat is it?\nBegin!\n"),
            ("assistant", '\nThought: a\nThought: b\nAction: f_for_t\nAction Input: {\n  "x": 1\n}'),
            ("function", '{"error": "", "response": "cut...'),
            ("assistant", CALL),
            ("function", ""),
            ("assistant", END),
        )
    )
    assert found.query == "What is it?"
    assert found.group == "what is it?"
    assert [tool.name for tool in found.tools] == ["f_for_t"]
    assert found.steps == (
        Step(
            thought="a\nb",
            action=ToolCall(name="f_for_t", arguments='{\n  "x": 1\n}'),
            observation='{"error": "", "response": "cut...',
        ),
        Step(action=ToolCall(name="f_for_t", arguments="{}"), observation=""),
        Step(thought="Done.", action=Answer(text="It is so.")),
    )
    assert (found.ending, found.restarted, found.kind, found.licence) == ("answer", False, "agent", "Apache-2.0")


@pytest.mark.parametrize(
    ("arguments", "ending"),
    [
        ('{"return_type": "give_answer", "final_answer": "two\nlines"}', "answer"),  # a raw line break is no JSON
        ("{'return_type': 'give_answer', 'final_answer': 'it''s'}", "answer"),
        ('{"return_type": "give_up_and_restart"}', "gave_up"),
        ('{"return_type": "give_answer"}', "open"),
        ('{"return_type": "give_answer", "final_answer": 3}', "open"),
        ('{"final_answer": "no type"}', "open"),
        ('{"return_type": ', "open"),
        ("[" * 10_000, "open"),
        ("", "open"),
    ],
)
def test_finish_says_how_it_ended(arguments: str, ending: str) -> None:
    said = f"\nThought: \nAction: Finish\nAction Input: {arguments}"
    found = trajectory(row(("user", "q"), ("assistant", said)))
    assert found.ending == ending
    kept = found.steps[-1].action
    assert isinstance(kept, Answer) if ending == "answer" else kept == ToolCall(name="Finish", arguments=arguments)


def test_restart_turns_are_noted_and_thoughts_wait_for_their_call() -> None:
    found = trajectory(
        row(("user", "q"), ("assistant", "\nThought: a"), ("user", f"{RESTART}, all"), ("assistant", CALL))
    )
    assert found.restarted
    assert found.ending == "open"
    assert found.steps == (Step(thought="a", action=ToolCall(name="f_for_t", arguments="{}")),)


def test_a_path_that_ends_in_talk_is_open() -> None:
    found = trajectory(row(("user", "q"), ("assistant", "\nThought: I know.")))
    assert (found.steps, found.ending) == ((Step(thought="I know."),), "open")


def test_calls_in_the_text_of_a_python_dictionary() -> None:
    call = {"role": "assistant", "content": None, "function_call": "{'name': 'f_for_t', 'arguments': '{}'}"}
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": "q Begin!"}, call]
    made = {"function": APIS, "train_messages": [messages[:2], messages]}
    found = trajectory(msgspec.json.encode({"answer_generation": made, "tree": {"children": []}}))
    assert (found.query, found.steps) == ("q", (Step(action=ToolCall(name="f_for_t", arguments="{}")),))


def test_a_search_without_tools_is_dropped() -> None:
    for apis in (None, "", [{"name": "Finish"}]):
        found = Toolbench()(row(("user", "q"), ("assistant", CALL), apis=apis))
        assert found == Dropped(reason="no_tool_list", detail="q")


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([("user", "q")], "no_steps"),
        ([("assistant", CALL)], "no_question"),
        ([("user", "q"), ("user", "and?")], "second_question"),
        ([("user", "q"), ("function", "x")], "observation_without_call"),
        ([("user", "q"), ("assistant", CALL), ("assistant", CALL)], "call_without_observation"),
        ([("user", "q"), ("assistant", END), ("assistant", CALL)], "turn_after_finish"),
        ([("user", "q"), ("robot", CALL)], "unknown_role"),
    ],
)
def test_an_order_that_no_search_has_is_quarantined(turns: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Toolbench()(row(*turns))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{}", "not_a_search"),
        (b"[]", "wrong_shape"),
        (b"{", "broken_json"),
        (row(("user", "q"), ("assistant", CALL), apis="[{'name': "), "tool_list_broken"),
        (row(("user", "q"), ("assistant", CALL), apis="[{'name': open()}]"), "tool_list_broken"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Toolbench()(data)
    assert caught.value.reason == reason
