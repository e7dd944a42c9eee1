"""What a server's answer means, by example; and no answer, however odd, is a failure of ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.errors import Mistake
from agentflan.core.types import Message, Reply, Segment
from agentflan.models.chat.estimate import tokens_about
from agentflan.models.chat.forms import Chat
from agentflan.models.chat.wire import Failure, Wait, seconds_of, understood


def completion(content: object, finish: str = "stop") -> bytes:
    message = {"role": "assistant", "content": content, "refusal": None}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return json.dumps({"id": "x", "choices": [{"message": message, "finish_reason": finish}], "usage": usage}).encode()


def error(**fields: object) -> bytes:
    return json.dumps({"error": fields}).encode()


@pytest.mark.parametrize(
    ("status", "content", "meaning"),
    [
        (200, completion("Hello"), Reply(text="Hello", tokens_in=7, tokens_out=3)),
        (200, completion("Hel", "length"), Reply(text="Hel", fault="length", tokens_in=7, tokens_out=3)),
        (200, completion(None, "content_filter"), Reply(text="", fault="content_filter", tokens_in=7, tokens_out=3)),
        (200, completion(None, "tool_calls"), Failure("no_content")),
        (200, completion("Hello")[:-9], Failure("cut_json")),
        (200, b'{"choices": []}', Failure("no_choice")),
        (200, b"\n<html>", Failure("html")),
        (200, b'{"choices": ' + b"[" * 100_000, Failure("wrong_schema")),
        (200, b'{"extra": ' + b"[" * 100_000, Failure("too_deep")),
        (429, b"", Wait(None)),
        (400, error(code="content_filter"), Reply(text="", fault="content_filter")),
        (400, error(code="context_length_exceeded"), Reply(text="", fault="context_overflow")),
        (400, error(code="exceed_context_size_error"), Reply(text="", fault="context_overflow")),
        (
            400,
            error(message="This model's maximum context length is 9", code=400),
            Reply(text="", fault="context_overflow"),
        ),
        (400, b'{"message": "maximum context length is 9"}', Reply(text="", fault="context_overflow")),
        (400, error(message="no such key: top_q"), Failure("http_400", again=False, said="no such key: top_q")),
        (400, b'{"error": "plain"}', Failure("http_400", again=False, said="plain")),
        (500, b"oops", Failure("http_500")),
        (503, b"", Failure("http_503", overload=True)),
    ],
)
def test_what_an_answer_means(status: int, content: bytes, meaning: object) -> None:
    assert understood(status, None, content, "u", Chat().reply) == meaning


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (401, error(message="wrong key sk-1"), "refuses the key"),
        (403, b"", "refuses the key"),
        (404, error(message="no model m"), "'no model m'"),
        (402, b"", "no credit"),
        (429, error(code="insufficient_quota", message="pay"), "no credit left: 'pay'"),
    ],
)
def test_what_only_the_user_can_mend(status: int, content: bytes, said: str) -> None:
    with pytest.raises(Mistake, match=said) as caught:
        understood(status, None, content, "http://here", Chat().reply)
    assert str(caught.value).startswith("http://here: ")
    assert "sk-" not in str(caught.value)


@given(st.sampled_from([200, 400, 429, 500, 302]), st.text(), st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_answer_is_a_failure_of_ours(status: int, header: str, content: bytes) -> None:
    assert isinstance(understood(status, header, content, "u", Chat().reply), Reply | Wait | Failure)


def test_retry_after_is_seconds_or_a_date() -> None:
    assert [seconds_of(text) for text in ("3", "0.25", "-1", "nan", "inf", "soon", None)] == [
        3.0, 0.25, 0.0, None, None, None, None,
    ]  # fmt: skip
    later = datetime.now(UTC) + timedelta(seconds=90)
    found = seconds_of(format_datetime(later, usegmt=True))
    assert found is not None
    assert 80 < found <= 90
    assert seconds_of(format_datetime(datetime(1994, 11, 6, tzinfo=UTC), usegmt=True)) == 0.0


def test_tokens_are_estimated_by_the_rule_that_is_told() -> None:
    said = Message(role="user", segments=(Segment(text="abcde"), Segment(text="天气")))
    assert tokens_about([said, said]) == 2 * (4 + 2 + 2)
