"""What a benchmark may promise beyond `kinds.Benchmark`: worlds to act in, a way of its own to the model, words beside.

    Problem --World.reset--> Observation --Model--> Reply --Dialect.read--> Step --World.step--> Observation ... Episode

A text benchmark is the case of one step. `evals/episodes.py` plays any `Acting` benchmark with any model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol, runtime_checkable

from agentflan.core.types import Episode, Observation, Problem, Reply, Score, Step

Seen = Callable[[int, Reply], Future[Problem | None] | None]
"""How a model hands over a reply: (which problem, what was said).

It may get back what is to be asked next under the same index, which comes as soon as the world has made its step; the
future of None says that nothing follows. A model that waits for it asks each episode's next turn at once; one that
does not look at it is simply called again with all that is open.
"""


class World(Protocol):
    """One episode after the other. Only a bug raises; what fails outside of us is an observation with a fault."""

    def reset(self, problem: Problem) -> Observation:
        """Begins an episode. The text, if any, is shown below the problem's prompt."""

    def step(self, step: Step) -> Observation:
        """Acts. Called from any thread, but never twice at once."""


@runtime_checkable
class Acting(Protocol):
    """A benchmark whose problems are acted on in a world; a problem's `syntax` is the dialect its steps are read by."""

    version: ClassVar[str]

    @property
    def steps(self) -> int:
        """The most replies of an episode."""

    @property
    def at_once(self) -> int:
        """The most episodes, and so worlds, that are open at a time."""

    def world(self) -> AbstractContextManager[World]:
        """A world of its own, which is left when no episode needs it any more, whatever happens."""

    def grade(self, problem: Problem, episode: Episode) -> Score: ...


@runtime_checkable
class Offering(Protocol):
    """A dialect that lists what a world offers, each turn anew."""

    def offer(self, steps: Sequence[Step]) -> str: ...


@runtime_checkable
class Costing(Protocol):
    """A benchmark some of whose metrics count what is wrong."""

    @property
    def costs(self) -> tuple[str, ...]:
        """Metrics of which less is better, by their whole name or the part before the slash."""


@runtime_checkable
class Noted(Protocol):
    """A benchmark whose numbers need a word beside them."""

    def notes(self) -> Mapping[str, str]:
        """What it was measured with, beyond its settings: digest of the data, embedder, what it compares with."""


@runtime_checkable
class Reaching(Protocol):
    """A benchmark whose prompts are no chat: it says itself how they reach a model."""

    def reach(self, model: Any) -> Any:
        """Who answers in the model's name: a `Model`. Its replies are kept as the model's own."""
