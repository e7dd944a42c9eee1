"""Plain chat: every real row, five by hand, and the spellings and flaws of what is shaped like it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, Trajectory
from agentflan.sources.sharegpt import Sharegpt
from tests.sources.real_rows import check_golden, need, tally


def row(*turns: tuple[str, str], **more: Any) -> bytes:
    return msgspec.json.encode(
        {"id": 1, "conversations": [{"from": who, "value": text} for who, text in turns], **more}
    )


def test_every_real_row_is_read_or_says_why() -> None:
    assert {path.name: tally(Sharegpt(), path) for path in need("sharegpt_vicuna")} == {
        "dummy_conversation.json": {"answer": 323},
        "gpt-4.jsonl": {"quarantined not_a_conversation": 30},
        "question.jsonl": {"quarantined not_a_conversation": 80},
    }


def test_rows_checked_by_hand() -> None:
    check_golden("sharegpt", Sharegpt())


def test_what_the_person_says_next_is_the_observation() -> None:
    found = Sharegpt()(
        row(("system", "Be brief. "), ("human", "Hi"), ("gpt", "Hello"), ("user", "Bye"), ("bard", "Bye!"))
    )
    assert isinstance(found, Trajectory)
    assert (found.query, found.instruction, found.kind, found.ending) == ("Hi", "Be brief.", "general", "answer")
    assert found.steps == (Step(action=Answer(text="Hello"), observation="Bye"), Step(action=Answer(text="Bye!")))


def test_role_and_content_with_the_prompt_beside_them() -> None:
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello", "loss": False}]
    found = Sharegpt(role="agent")(msgspec.json.encode({"messages": said, "system": "Be kind."}))
    assert isinstance(found, Trajectory)
    assert (found.instruction, found.kind, found.steps[0].loss) == ("Be kind.", "agent", False)


def test_turns_of_one_speaker_are_one_and_a_last_question_goes() -> None:
    found = Sharegpt()(row(("human", "Hi"), ("human", "there"), ("gpt", "Hello"), ("gpt", "you"), ("human", "And?")))
    assert isinstance(found, Trajectory)
    assert found.query == "Hi\nthere"
    assert found.steps == (Step(action=Answer(text="Hello\nyou")),)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row(("human", "Hi")), "no_reply"),
        (row(("gpt", "Hello"), ("human", "Hi"), ("gpt", "Hello")), "starts_with_reply"),
        (row(("human", "Hi"), ("gpt", " \n")), "empty_turn"),
    ],
)
def test_no_talk_to_learn_from_is_dropped(data: bytes, reason: str) -> None:
    assert Sharegpt()(data) == Dropped(reason=reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row(("human", "Hi"), ("function_call", "{}")), "unknown_role"),
        (row(("human", "Hi"), ("system", "x"), ("gpt", "Hello")), "system_turn_inside"),
        (row(), "not_a_conversation"),
        (b"\xff", "broken_json"),
        (b'"\\ud800"', "broken_json"),
        (b'{"x":' + b"[" * 100_000, "broken_json"),
        (b'{"conversations": [{"from": 1}]}', "wrong_shape"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Sharegpt()(data)
    assert caught.value.reason == reason
