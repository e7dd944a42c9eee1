"""AgentInstruct: every real row, six rows by hand, both published shapes, examples told by structure and by flags."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Message, Segment, Step, ToolCall, Trajectory
from agentflan.sources.agentinstruct import Agentinstruct
from agentflan.sources.shapes.agent_tasks import TASKS
from tests.sources.real_rows import check_golden, need, read, tally

KEPT = {"alfworld": 4, "db": 4, "kg": 3, "mind2web": 3, "os": 4, "webshop": 4}


def row(name: str, *turns: tuple[str, str, bool | None]) -> bytes:
    said = [{"from": role, "value": text, "loss": loss} for role, text, loss in turns]
    return msgspec.json.encode({"id": name, "conversations": said})


def trajectory(data: bytes) -> Trajectory:
    found = Agentinstruct()(data)
    assert isinstance(found, Trajectory)
    return found


def test_every_real_row_is_read() -> None:
    counts = {path.name.split("_")[3]: tally(Agentinstruct(), path) for path in need("agentinstruct")}
    assert counts == {task: {"answer": rows} for task, rows in KEPT.items()}


def test_rows_checked_by_hand() -> None:
    check_golden("agentinstruct", Agentinstruct())


def test_examples_and_noise_are_gone_from_the_real_rows() -> None:
    for path in need("agentinstruct"):
        for data in read(path):
            found = trajectory(data)
            seen = "".join(step.observation or "" for step in found.steps)
            assert "/etc" not in found.query + found.instruction + found.steps[0].thought
            assert "Gas-generator" not in found.query + seen
            assert "\x1b" not in seen
            assert "\r" not in seen
            assert not any(step.action == Answer(text="Ok.") for step in found.steps)
            assert len(found.tools) == (7 if found.dialect == "knowledge_graph" else 0)


def test_steps_of_the_real_rows_can_be_written_again() -> None:
    """The grammar that read a step writes it: what was cut or repaired on the way has not become unwritable."""
    grammars = {task.name: task.grammar for task in TASKS.values()}
    for path in need("agentinstruct"):
        for data in read(path):
            found = trajectory(data)
            for step in found.steps:
                written = grammars[found.dialect].write(step, (), "key")
                assert grammars[found.dialect].read(written) == msgspec.structs.replace(step, observation=None)
                if step.observation is not None:
                    said = grammars[found.dialect].observe(step.observation)
                    assert grammars[found.dialect].observed(said) == step.observation


def test_the_published_shape_with_flags_reads_the_same() -> None:
    """from/value/loss as on the hub: None for the person, False for example and acknowledgement, True for the rest."""
    for path in need("agentinstruct"):
        for data in read(path):
            raw: dict[str, Any] = msgspec.json.decode(data)
            turns = raw["conversations"]
            own = 2 * len(trajectory(data).steps) - 1
            flagged = [
                (
                    {"user": "human", "assistant": "gpt"}[turn["role"]],
                    turn["content"],
                    None if turn["role"] == "user" else number >= len(turns) - own,
                )
                for number, turn in enumerate(turns)
            ]
            assert trajectory(row(raw["id"], *flagged)) == trajectory(data)


def test_flags_cut_an_example_that_the_text_does_not_show() -> None:
    found = trajectory(
        row(
            "db_1",
            ("human", "I will ask you a question, then you should help me operate a database.", None),
            ("gpt", "Ok.", False),
            ("human", "an example", None),
            ("gpt", "Action: Answer\nFinal Answer: [1]", False),
            ("human", "the task", None),
            ("gpt", "Count them.\nAction: Operation\n```sql\nSELECT 1\n```", True),
            ("human", "[(1,)]", None),
            ("gpt", "Action: Answer\nFinal Answer: [1]", False),
        )
    )
    assert found.query == "the task"
    assert found.steps == (
        Step(
            thought="Count them.",
            action=ToolCall(name="Operation", arguments="SELECT 1"),
            observation="[(1,)]",
        ),
        Step(action=Answer(text="[1]"), loss=False),
    )


def test_a_muted_step_is_no_example_where_the_text_shows_the_border() -> None:
    turns = [
        ("human", "Interact with a household.", None),
        ("gpt", "OK.", False),
        ("human", "Here is your task. Put a cup on the shelf.", None),
        ("gpt", "ACTION: look", False),
        ("human", "You see a cup.", None),
        ("gpt", "THOUGHT: There it is.\nACTION: take cup 1 from desk 1", True),
    ]
    found = trajectory(row("alfworld_1", *turns))
    assert [step.loss for step in found.steps] == [False, True]
    assert found.query.startswith("Here is your task.")


def test_the_task_is_told_by_the_prompt_where_the_id_says_nothing() -> None:
    found = trajectory(
        row(
            "17",
            ("human", "You are web shopping.", None),
            ("gpt", "Ok.", None),
            ("human", "WebShop", None),
            ("gpt", "Action:\nclick[a]", None),
        )
    )
    assert found.dialect == "webshop"
    assert found.steps == (Step(action=ToolCall(name="click", arguments="a")),)


def test_a_shell_task_ends_with_finish_or_in_mid_action() -> None:
    prompt = "You are an assistant that will act like a person.\n\nNow, my problem is:\n\nMake a file."
    for act, ending in (
        ("Act: finish", "answer"),
        ("Act: bash\n\n```bash\nls\n```", "open"),
        ("Act: answer()", "answer"),
    ):
        found = trajectory(row("os_1", ("human", prompt, None), ("gpt", f"Think: Well.\n\n{act}", True)))
        assert found.ending == ending
        assert found.query == "Make a file."
        assert found.instruction == "You are an assistant that will act like a person."


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "broken_json"),
        (b'{"id": "os_1"}', "not_a_conversation"),
        (b'{"id": "os_1", "conversations": [1]}', "wrong_shape"),
        (row("os_1", ("human", "no question", None), ("gpt", "Act: finish", True)), "no_question"),
        (row("os_1", ("human", "Now, my problem is: x", None)), "no_steps"),
        (row("cooking_1", ("human", "Cook.", None), ("gpt", "Ok.", None)), "unknown_task"),
        (row("db_1", ("human", "a", None), ("gpt", "Action: Answer\nFinal Answer: [1]", None)), "no_acknowledgement"),
        (row("db_1", ("human", "a", None), ("gpt", "Ok.", None)), "no_question"),
        (
            row("db_1", ("human", "a", None), ("gpt", "Ok.", None), ("gpt", "b", None), ("gpt", "c", None)),
            "roles_do_not_alternate",
        ),
        (row("db_1", ("human", "a", None), ("robot", "Ok.", None)), "unknown_role"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Agentinstruct()(data)
    assert caught.value.reason == reason


def test_reading_is_what_the_task_grammar_says() -> None:
    """One place for each grammar: the step of a row is what its dialect reads from the same text."""
    for task in TASKS.values():
        assert task.grammar.read((Message(role="assistant", segments=(Segment(text="Ok."),)),)) == Step(
            action=Answer(text="Ok.")
        )
