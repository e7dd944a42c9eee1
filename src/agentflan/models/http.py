"""A model behind any OpenAI-compatible URL: chat completions over HTTP, or raw ones, as fast as the server allows.

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

from agentflan.core.benchmarks import Seen
from agentflan.core.digest import digest_of
from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug, load
from agentflan.core.types import Problem, Reply
from agentflan.models.chat import asker
from agentflan.models.chat.asker import Traffic
from agentflan.models.chat.forms import Chat, Form, Raw
from agentflan.models.chat.pace import Pace

_KEYS = ("AGENTFLAN_API_KEY", "OPENAI_API_KEY")


class Http(Plug, frozen=True):
    """429 and Retry-After are waited out and use up no retry; 401 stops at once; the rest is tried again, with jitter.

    What still fails then has the fault `infrastructure`.
    """

    url: Annotated[str, Meta(pattern="^https?://[^/]")]
    """Up to where `/chat/completions` begins, such as `http://127.0.0.1:8000/v1`."""
    model: str
    template: str | dict[str, Any] | None = None
    """One of ours, such as `llama2`: it lays the prompt out, and `/completions` goes on from there up to its end mark.
    None: the server lays it out."""
    temperature: float | None = None
    """None: as the server has it."""
    max_tokens: Annotated[int, Meta(ge=1)] = 1024
    """Of a reply, where the problem sets no limit of its own; one that is cut there has the fault `length`."""
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
        raw = [] if self.template is None else [self.template]
        return f"{self.model}:{digest_of([self.url, self.settings, *raw])}"

    @property
    def decoding(self) -> dict[str, Any]:
        """How a reply is asked for."""
        laid_out = {} if self.template is None else {"template": self.template}
        return {key: value for key, value in self.settings.items() if key != "model"} | laid_out

    def __call__(
        self,
        problems: Sequence[Problem],
        seen: Seen,
        watch: Callable[[Traffic], None] = lambda _: None,
    ) -> None:
        """`watch` is told how it goes, at least once a second. Raises Mistake for what the user has to mend."""
        form = Chat() if self.template is None else Raw(load("template", self.template))
        settings = self.settings

        def body(problem: Problem) -> bytes:
            limit = {"max_tokens": problem.max_tokens} if problem.max_tokens else {}
            return form.body(problem, {**settings, **limit})

        async def next_body(following: Future[Problem | None]) -> bytes | None:
            problem = await asyncio.wrap_future(following)
            return None if problem is None else body(problem)

        def told(index: int, reply: Reply) -> Awaitable[bytes | None] | None:
            following = seen(index, reply)
            return asyncio.ensure_future(next_body(following)) if isinstance(following, Future) else None

        self.post(form, [body(problem) for problem in problems], told, watch)

    def post(
        self,
        form: Form,
        bodies: Sequence[bytes],
        seen: asker.Seen,
        watch: Callable[[Traffic], None] = lambda _: None,
    ) -> None:
        """Requests as they stand, answers as `form` reads them, for who asks in a form of its own."""
        asyncio.run(self._ask(form, bodies, seen, watch))

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """None where no price is given."""
        if self.price_in is None and self.price_out is None:
            return None
        return (tokens_in * (self.price_in or 0) + tokens_out * (self.price_out or 0)) / 1e6

    async def _ask(
        self, form: Form, bodies: Sequence[bytes], seen: asker.Seen, watch: Callable[[Traffic], None]
    ) -> None:
        per_second = math.inf if self.requests_per_minute is None else self.requests_per_minute / 60
        asking = asker.Asker(
            self.url.rstrip("/").removesuffix(form.path) + form.path,
            bodies,
            Pace(self.concurrency, per_second),
            read=form.reply,
            headers={"Content-Type": "application/json", **_authorisation()},
            timeout=self.timeout,
            retries=self.retries,
        )
        await asking.run(seen, watch)

    @property
    def settings(self) -> dict[str, Any]:
        """The keys of every request's body."""
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
