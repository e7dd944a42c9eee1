"""What an OpenAI-compatible server is sent, and what its answer means: a reply, a wait, a failure or a Mistake."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Message, Reply

_FINAL = {
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "context_length_exceeded": "context_overflow",
}
"""Error code of a 400 -> the fault of a reply that asking again would not change."""
_OVERLOADED = frozenset({408, 502, 503, 504, 529})


class Wait(NamedTuple):
    """A 429: no failure of the request, which will be asked again."""

    seconds: float | None
    """None: the server does not say how long."""


class Failure(NamedTuple):
    """Something that may be gone the next time."""

    reason: str
    overload: bool = False
    again: bool = True
    """False: the server understood and declined; the same request would be declined again in this run."""
    said: str = ""


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Said(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Said
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: tuple[_Choice, ...]
    usage: _Usage | None = None


class _Error(msgspec.Struct):
    message: str = ""
    code: str | int | None = None
    type: str | None = None


class _Problem(msgspec.Struct):
    error: _Error | str


def body(messages: Sequence[Message], settings: Mapping[str, Any]) -> bytes:
    """The request: `settings` are the keys beside the messages."""
    said = [
        {"role": message.role, "content": "".join(segment.text for segment in message.segments)} for message in messages
    ]
    return msgspec.json.encode({**settings, "messages": said})


def understood(status: int, retry_after: str | None, content: bytes, url: str) -> Reply | Wait | Failure:
    """Raises Mistake for what no further request would mend: a wrong key, an unknown model or path, no credit."""
    if status == 200:
        return _completion(content)
    error = _error(content)
    code = str(error.code or error.type or "")
    if status in (401, 403):
        raise Mistake(
            f"the server refuses the key ({status})",  # and may repeat it in its message, which stays unquoted
            where=url,
            mend="set AGENTFLAN_API_KEY to one that may use this model",
        )
    if status == 404:
        raise Mistake(f"the server knows no such model or path (404){_quoted(error)}", where=url, mend="check both")
    if status == 402 or "insufficient_quota" in (error.code, error.type):
        raise Mistake(f"the account has no credit left{_quoted(error)}", where=url, mend="add some and ask again")
    if status == 429:
        return Wait(seconds_of(retry_after))
    if status == 400 and code in _FINAL:
        return Reply(text="", fault=_FINAL[code])
    busy = status in _OVERLOADED
    return Failure(f"http_{status}", overload=busy, again=busy or status >= 500, said=error.message[:200])


def seconds_of(retry_after: str | None) -> float | None:
    """A Retry-After header, seconds or a date; None where it says neither."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after).astimezone(UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _completion(content: bytes) -> Reply | Failure:
    try:
        found = msgspec.json.decode(content, type=_Completion)
    except msgspec.ValidationError:
        return Failure("wrong_schema")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Failure("cut_json")
    if not found.choices:
        return Failure("wrong_schema")
    choice, usage = found.choices[0], found.usage or _Usage()
    fault: Literal["", "length", "content_filter"] = ""
    if choice.finish_reason in ("length", "content_filter"):
        fault = "length" if choice.finish_reason == "length" else "content_filter"
    elif choice.message.content is None:
        return Failure("wrong_schema")
    return Reply(
        text=choice.message.content or "",
        fault=fault,
        tokens_in=usage.prompt_tokens,
        tokens_out=usage.completion_tokens,
    )


def _error(content: bytes) -> _Error:
    try:
        found = msgspec.json.decode(content, type=_Problem).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Error()
    return _Error(message=found) if isinstance(found, str) else found


def _quoted(error: _Error) -> str:
    return f": {' '.join(error.message.split())[:200]!r}" if error.message else ""
