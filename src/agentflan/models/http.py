"""A model behind any OpenAI-compatible URL: chat completions over HTTP, as fast as the server allows.

The key comes from the environment, AGENTFLAN_API_KEY or else OPENAI_API_KEY, and goes nowhere but to the server.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Annotated, Any

from msgspec import Meta

from agentflan.core.digest import digest_of
from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply
from agentflan.core.worlds import Seen
from agentflan.models.chat.asker import Asker, Traffic
from agentflan.models.chat.pace import Pace
from agentflan.models.chat.wire import body

_KEYS = ("AGENTFLAN_API_KEY", "OPENAI_API_KEY")
_PATH = "/chat/completions"


class Http(Plug, frozen=True):
    """429 and Retry-After are waited out and use up no retry; 401 stops at once; the rest is tried again, with jitter.

    What still fails then has the fault `infrastructure`.
    """

    url: Annotated[str, Meta(pattern="^https?://[^/]")]
    """Up to where `/chat/completions` begins, such as `http://127.0.0.1:8000/v1`."""
    model: str
    temperature: float | None = None
    """None: as the server has it."""
    max_tokens: Annotated[int, Meta(ge=1)] = 1024
    """Of a reply; one that is cut there is a fault, `length`."""
    extra: dict[str, Any] = {}
    """Further keys of the request's body."""
    concurrency: Annotated[int, Meta(ge=1)] = 64
    """The most requests under way at once; how many there are is learned."""
    requests_per_minute: Annotated[float, Meta(gt=0)] | None = None
    """What is allowed, where it is known; else it is learned from being refused."""
    timeout: Annotated[float, Meta(gt=0)] = 120.0
    """Seconds for a whole reply."""
    retries: Annotated[int, Meta(ge=0)] = 5
    """Of one request."""
    price_in: Annotated[float, Meta(ge=0)] | None = None
    """Of a million tokens of prompts, in any currency."""
    price_out: Annotated[float, Meta(ge=0)] | None = None
    """Of a million tokens of replies."""

    @property
    def name(self) -> str:
        return self.model

    @property
    def identity(self) -> str:
        """What decides the replies, so far as we can know."""
        return f"{self.model}:{digest_of([self.url, self._settings()])}"

    def __call__(
        self,
        problems: Sequence[Problem],
        seen: Seen,
        watch: Callable[[Traffic], None] = lambda _: None,
    ) -> None:
        """`watch` is told how it goes, at least once a second. Raises Mistake for what the user has to mend."""
        settings = self._settings()
        asyncio.run(self._ask([body(problem.messages, settings) for problem in problems], seen, watch))

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """None where no price is given."""
        if self.price_in is None and self.price_out is None:
            return None
        return (tokens_in * (self.price_in or 0) + tokens_out * (self.price_out or 0)) / 1e6

    async def _ask(self, bodies: Sequence[bytes], seen: Seen, watch: Callable[[Traffic], None]) -> None:
        per_second = math.inf if self.requests_per_minute is None else self.requests_per_minute / 60
        asker = Asker(
            self.url.rstrip("/").removesuffix(_PATH) + _PATH,
            bodies,
            Pace(self.concurrency, per_second),
            headers={"Content-Type": "application/json", **_authorisation()},
            timeout=self.timeout,
            retries=self.retries,
        )

        async def written(following: Future[Problem | None]) -> bytes | None:
            problem = await asyncio.wrap_future(following)
            return None if problem is None else body(problem.messages, self._settings())

        def told(index: int, reply: Reply) -> Awaitable[bytes | None] | None:
            following = seen(index, reply)
            return written(following) if isinstance(following, Future) else None

        await asker.run(told, watch)

    def _settings(self) -> dict[str, Any]:
        heat = {} if self.temperature is None else {"temperature": self.temperature}
        return {"model": self.model, "max_tokens": self.max_tokens, **heat, **self.extra}


def _authorisation() -> dict[str, str]:
    name = next((name for name in _KEYS if os.environ.get(name)), None)
    if name is None:
        return {}
    key = os.environ[name].strip()
    if not (key.isascii() and key.isprintable()):
        raise Mistake("the key holds signs that no key has", where=name, mend="copy it again")
    return {"Authorization": f"Bearer {key}"}
