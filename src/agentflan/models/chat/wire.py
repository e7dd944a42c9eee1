"""What the answer of an OpenAI-compatible server means: a reply, a wait, a failure or a Mistake."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Reply

_FINAL = {
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "context_length_exceeded": "context_overflow",
    "exceed_context_size_error": "context_overflow",
}
"""Error code of a 400 (OpenAI's, llama.cpp's) -> the fault of a reply that asking again would not change."""
_TOO_LONG = ("maximum context length", "max_new_tokens` must be <=")
"""What vLLM and text-generation-inference write instead, whose codes say no more than that the request is bad."""
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


class _Error(msgspec.Struct):
    message: str = ""
    code: str | int | None = None
    type: str | None = None


class _Problem(msgspec.Struct):
    """An error as OpenAI wraps it, or bare, as vLLM sent it up to 0.9."""

    error: _Error | str | None = None
    message: str = ""
    code: str | int | None = None
    type: str | None = None


def understood(
    status: int, retry_after: str | None, content: bytes, url: str, read: Callable[[bytes], Reply | Failure]
) -> Reply | Wait | Failure:
    """`read` takes an answer with status 200.

    Raises Mistake for what no further request would mend: a wrong key, an unknown model or path, no credit.
    """
    if status == 200:
        return read(content)
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
    if fault := _final(status, code, error.message.lower()):
        return Reply(text="", fault=fault)
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


def _final(status: int, code: str, message: str) -> str:
    if status == 400 and code in _FINAL:
        return _FINAL[code]
    return "context_overflow" if status in (400, 422) and any(words in message for words in _TOO_LONG) else ""


def _error(content: bytes) -> _Error:
    try:
        found = msgspec.json.decode(content, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Error()
    if found.error is None:
        return _Error(message=found.message, code=found.code, type=found.type)
    return _Error(message=found.error) if isinstance(found.error, str) else found.error


def _quoted(error: _Error) -> str:
    return f": {' '.join(error.message.split())[:200]!r}" if error.message else ""
