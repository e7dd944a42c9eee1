"""Many requests to one server: as many at once as it bears, failures tried again, refusals for its rate waited out."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

import httpx

from agentflan.core.chance import coin
from agentflan.core.errors import Mistake
from agentflan.core.types import Reply
from agentflan.models.chat.pace import Pace
from agentflan.models.chat.wire import Failure, Wait, understood

_LARGEST = 8 << 20
"""Bytes of one answer; more is no chat completion."""
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
"""Seconds before a failure is tried again, about doubling each time."""
_HOPELESS = 8
"""So many failures on end, each begun after the one before, without a reply: the server is down."""

Seen = Callable[[int, Reply], None]


class Traffic(NamedTuple):
    """How the asking stands."""

    open: int = 0
    """Requests under way ..."""
    limit: int = 0
    """... of so many that are allowed just now."""
    refused: int = 0
    """Requests that got a 429; they cost nothing."""
    retried: int = 0
    """Failures that were tried again."""
    pause: float = 0.0
    """Seconds that the server still wants to be left alone."""


class _Lines:
    """Connections, each a client of its own: httpx looks through all of a client's connections at every request."""

    def __init__(self, stack: contextlib.AsyncExitStack, headers: dict[str, str], timeout: float, secure: bool) -> None:
        self._stack, self._headers, self._timeout = stack, headers, timeout
        self._verify = httpx.create_ssl_context(verify=secure)  # reading all certificates takes a while
        self._idle: list[httpx.AsyncClient] = []

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        if self._idle:
            client = self._idle.pop()
        else:
            fresh = httpx.AsyncClient(headers=self._headers, timeout=self._timeout, verify=self._verify)
            client = await self._stack.enter_async_context(fresh)
        try:
            yield client
        finally:
            self._idle.append(client)


class Asker:
    def __init__(
        self,
        url: str,
        bodies: Sequence[bytes],
        pace: Pace,
        *,
        read: Callable[[bytes], Reply | Failure],
        headers: dict[str, str],
        timeout: float,
        retries: int,
    ) -> None:
        """`timeout` is for a whole answer, however slowly it drips, and `read` takes a good one; `retries` are for each
        request.
        """
        self.url, self.bodies, self.pace, self.read = url, bodies, pace, read
        self.headers, self.timeout, self.retries = headers, timeout, retries
        self._ready = [(0.0, index, 0) for index in range(len(bodies))]
        """A heap of (when, which, how often it failed)."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._stop: BaseException | None = None
        self._heard = False
        self._failures = 0
        self._failed_at = 0.0
        self._waiting: dict[int, str] = {}
        """What failed and will be tried again -> why."""
        self._refused = self._retried = 0

    async def run(self, seen: Seen, watch: Callable[[Traffic], None]) -> None:
        """Calls `seen(index, reply)` as replies come, with a fault for a request whose retries are used up.

        Raises Mistake, with all else cancelled, where going on makes no sense; what was to be tried again has its
        fault then.
        """
        clock = asyncio.get_running_loop().time
        async with contextlib.AsyncExitStack() as stack:
            lines = _Lines(stack, self.headers, self.timeout, secure=self.url.startswith("https:"))
            try:
                while (self._ready or self._tasks) and not self._stop:
                    now = clock()
                    watch(self._traffic(now))
                    wait = max(self.pace.delay(now), self._ready[0][0] - now) if self._ready else 1.0
                    if wait > 0:
                        await self._pause(min(wait, 1.0))
                        continue
                    _, index, failures = heapq.heappop(self._ready)
                    self.pace.start(now)
                    task = asyncio.create_task(self._one(lines, index, failures, seen))
                    self._tasks.add(task)
                    task.add_done_callback(self._over)
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
        if isinstance(self._stop, Mistake):
            for index, reason in self._waiting.items():
                seen(index, _failed(reason))
        if self._stop:
            raise self._stop

    async def _pause(self, seconds: float) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._stop = error
        self._news.set()

    async def _one(self, lines: _Lines, index: int, failures: int, seen: Seen) -> None:
        clock = asyncio.get_running_loop().time
        started = clock()
        answer = await self._answer(lines, self.bodies[index])
        now = clock()
        if isinstance(answer, Wait):
            self._refused += 1
            heapq.heappush(self._ready, (self.pace.refused(now, started, answer.seconds), index, failures))
        elif isinstance(answer, Failure):
            self.pace.failed(now, started, overload=answer.overload)
            if answer.again and failures < self.retries:
                self._retried += 1
                self._waiting[index] = answer.reason
                delay = min(_FIRST_DELAY * 2**failures, _LONGEST_DELAY) * (0.5 + coin("retry", index, failures))
                heapq.heappush(self._ready, (now + delay, index, failures + 1))
            else:
                self._waiting.pop(index, None)
                seen(index, _failed(answer.reason))
            self._count_failure(answer, now, started)
        else:
            self.pace.answered()
            self._failures = 0
            self._waiting.pop(index, None)
            seen(index, answer)

    async def _answer(self, lines: _Lines, body: bytes) -> Reply | Wait | Failure:
        try:
            async with (
                asyncio.timeout(self.timeout),
                lines.one() as client,
                client.stream("POST", self.url, content=body) as response,
            ):
                self._heard = True
                content = bytearray()
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > _LARGEST:
                        return Failure("too_long")
                after = response.headers.get("retry-after")
                return understood(response.status_code, after, bytes(content), self.url, self.read)
        except (TimeoutError, httpx.TimeoutException):
            return Failure("timeout", overload=True)
        except httpx.TransportError as error:
            if isinstance(error, httpx.ConnectError) and not self._heard:
                raise Mistake(
                    "nobody answers there", where=self.url, mend="start the server, or mend the url"
                ) from error
            return Failure("cut_off")
        except httpx.HTTPError:  # an encoding that is none, ...
            return Failure("wrong_schema")

    def _count_failure(self, failure: Failure, now: float, started: float) -> None:
        if started <= self._failed_at:
            return
        self._failures, self._failed_at = self._failures + 1, now
        if self._failures >= _HOPELESS:
            said = f", {failure.said!r}" if failure.said else ""
            raise Mistake(
                f"every request fails ({failure.reason}{said})",
                where=self.url,
                mend="look at the server and ask again: what has come is kept",
            )

    def _traffic(self, now: float) -> Traffic:
        pace = self.pace
        return Traffic(pace.open, int(pace.limit), self._refused, self._retried, max(pace.resume - now, 0.0))


def _failed(reason: str) -> Reply:
    return Reply(text="", fault="infrastructure", detail=reason)
