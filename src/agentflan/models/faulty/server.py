"""The faulty server itself: HTTP/1.1 by hand, since its business is to break it in every way."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import msgspec

from agentflan.core.digest import digest_of
from agentflan.core.types import Message, Segment
from agentflan.models.chat.estimate import text_about, tokens_about
from agentflan.models.faulty import voice
from agentflan.models.faulty.plan import Bucket, Fault, Plan

_STATUS = {"400": 400, "401": 401, "404": 404, "500": 500, "503": 503, "overflow": 400}
_DRIP = 0.2
"""Seconds between two signs of a reply that drips."""


class Call(msgspec.Struct, frozen=True):
    """One request as the server saw it, a line of its log, written before the answer leaves."""

    at: float
    """Seconds since the server began."""
    question: str
    """Digest of the messages."""
    outcome: str
    """`ok`, or the fault it met."""
    tokens_in: int = 0
    tokens_out: int = 0
    """What is charged: nothing where the server never came to reply."""


class _Turn(msgspec.Struct):
    role: Literal["system", "user", "assistant", "tool"]
    content: str


class _Asked(msgspec.Struct):
    """A request for a message, or, with a prompt and no messages, for what follows it."""

    model: str
    messages: tuple[_Turn, ...] = ()
    prompt: str = ""
    max_tokens: int = 1 << 20
    stop: tuple[str, ...] = ()

    def shown(self) -> tuple[Message, ...]:
        turns = self.messages or (_Turn("user", self.prompt),)
        return tuple(
            Message(role="user" if turn.role == "tool" else turn.role, segments=(Segment(text=turn.content),))
            for turn in turns
        )


class Faulty:
    def __init__(self, plan: Plan, log: Callable[[Call], None], now: float) -> None:
        self.plan, self.log, self.began = plan, log, now
        self.bucket = Bucket(plan.rate, plan.burst, now)
        self.arrivals: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side or a fault ends it."""
        try:
            while await self._one(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; False when the connection is to be closed."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        asked = msgspec.json.decode(await reader.readexactly(int(headers.get("content-length", 0))), type=_Asked)
        question = digest_of(asked.shown())
        if self.plan.key and headers.get("authorization") != f"Bearer {self.plan.key}":
            return self._refuse(writer, "401", question)
        wait = self.bucket.take(asyncio.get_running_loop().time())
        if wait:
            return self._refuse(writer, "429", question, wait)
        number = self.arrivals.total()
        fault = self.plan.fault(question, self.arrivals[question], number)
        self.arrivals[question] += 1
        if fault in _STATUS or fault == "429":
            return self._refuse(writer, str(fault), question, 0.3)
        if fault == "hang":
            self._log(question, "hang")
            await reader.read()
            return False
        await asyncio.sleep(self.plan.latency)
        return await self._reply(reader, writer, asked, question, fault)

    def _refuse(self, writer: asyncio.StreamWriter, outcome: str, question: str, wait: float = 0.0) -> bool:
        self._log(question, outcome)
        code = "context_length_exceeded" if outcome == "overflow" else outcome
        said = {"error": {"message": f"this server was told to say {outcome}", "code": code}}
        extra = self._retry_after(wait) if outcome == "429" else ""
        writer.write(_response(_STATUS.get(outcome, 429), msgspec.json.encode(said), extra))
        return True

    async def _reply(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: _Asked,
        question: str,
        fault: Fault | None,
    ) -> bool:
        messages = asked.shown()
        speak = {"calls": voice.call, "agent_form": voice.form}.get(str(fault), voice.reply)
        text = "" if fault == "content_filter" else speak(messages)
        if text_about(text) > asked.max_tokens:
            text, fault = text[: asked.max_tokens], "length"
        used = (tokens_about(messages), text_about(text))
        self._log(question, fault or "ok", *used)
        whole = _response(200, _broken(msgspec.json.encode(_completion(asked, text, fault, *used)), fault))
        if fault == "reset":
            writer.write(whole[:-20])
            await writer.drain()
            return False
        if fault != "drip":
            writer.write(whole)
            return True
        writer.write(_response(200, b"", "Content-Length: 1000000\r\n"))
        while not reader.at_eof():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(_DRIP)
        return False

    def _log(self, question: str, outcome: str, tokens_in: int = 0, tokens_out: int = 0) -> None:
        at = asyncio.get_running_loop().time() - self.began
        self.log(Call(round(at, 4), question, outcome, tokens_in, tokens_out))

    def _retry_after(self, wait: float) -> str:
        said = {
            "seconds": str(math.ceil(wait)),
            "fraction": f"{wait:.3f}",
            "date": format_datetime(datetime.now(UTC) + timedelta(seconds=math.ceil(wait)), usegmt=True),
            "nothing": "",
        }[self.plan.retry_after]
        return f"Retry-After: {said}\r\n" if said else ""


def _completion(asked: _Asked, text: str, fault: Fault | None, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    finish = fault if fault in ("content_filter", "length", "tool_calls") else "stop"
    said: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
    if fault == "tool_calls":
        function = msgspec.json.decode(voice.call(()), type=dict[str, Any])
        function["arguments"] = msgspec.json.encode(function["arguments"]).decode()
        call = {"id": "call00000", "type": "function", "function": function}
        said = {"message": {"role": "assistant", "content": None, "tool_calls": [call]}}
    elif fault == "no_content":
        said = {"message": {"role": "assistant", "content": None}}
    elif not asked.messages:
        runs_on = f"{''.join(asked.stop)} and so the next turn begins" if fault == "runs_on" else ""
        said = {"text": f" {text}{runs_on}"}
    return {
        "id": "told",
        "object": "chat.completion" if asked.messages else "text_completion",
        "created": 0,
        "model": asked.model,
        "choices": [] if fault == "no_choice" else [{"index": 0, **said, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    }


def _broken(content: bytes, fault: Fault | None) -> bytes:
    """An answer with status 200 that is no completion, where the fault says so."""
    if fault == "schema":
        return b'{"choices": [{"said": "a form of its own"}]}'
    if fault == "html":
        return b"<!DOCTYPE html><html><body>One moment, please.</body></html>"
    return content[: len(content) // 2] if fault == "cut" else content


def _response(status: int, content: bytes, extra: str = "") -> bytes:
    length = "" if "Content-Length" in extra else f"Content-Length: {len(content)}\r\n"
    head = f"HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n{length}{extra}\r\n"
    return head.encode() + content
