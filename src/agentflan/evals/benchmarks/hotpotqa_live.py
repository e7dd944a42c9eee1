"""HotpotQA by acting on live Wikipedia, as the paper did it. It changes every day: no number can be had a second time.

Only `pages` makes a run repeatable. Never mixed with `hotpotqa_local`, whose name and numbers are its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from agentflan.core.plugs import Plug
from agentflan.core.types import Episode, Problem, Reply, Score
from agentflan.evals import episodes
from agentflan.evals.files import digest_of_files
from agentflan.evals.hotpotqa import questions, results
from agentflan.evals.hotpotqa.reading import Reading
from agentflan.evals.hotpotqa.wikipedia import Pages, Wikipedia, client


class HotpotqaLive(Plug, frozen=True):
    """The metrics of `hotpotqa_local`. An article that cannot be fetched ends its episode, which is not graded."""

    version: ClassVar[str] = "1"

    path: Path | None = None
    """A HotpotQA file, such as hotpot_train_v1.1.json; without it our sample, of which Wikipedia knows nothing."""
    url: str = "https://en.wikipedia.org/w/api.php"
    """The interface of a MediaWiki."""
    pages: Path | None = None
    """A file that keeps what was fetched: a run that goes on or is repeated reads from there."""
    examples: Path | None = None
    """Worked examples to stand in the prompt in place of ours, as text."""
    per_level: Annotated[int, Meta(ge=1)] = 100
    """Questions of each level."""
    steps: Annotated[int, Meta(ge=1)] = 10
    at_once: Annotated[int, Meta(ge=1)] = 4
    """Episodes that are open at a time; each asks Wikipedia by itself."""
    seed: int = 0

    def problems(self) -> Sequence[Problem]:
        return questions.problems(self.path, self.examples, self.per_level, self.seed)

    @contextmanager
    def world(self) -> Iterator[Reading]:
        with client() as connection:
            yield Reading(Wikipedia(connection, self.url, _pages(self.pages)).find)

    def grade(self, problem: Problem, episode: Episode) -> Score:
        return results.graded(problem, episode, self.steps)

    def score(self, problem: Problem, reply: Reply) -> Score:
        """Of an episode of this one reply."""
        return self.grade(problem, episodes.alone(self, problem, reply))

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        return results.summed(scores)

    def notes(self) -> dict[str, str]:
        return {
            "data": digest_of_files([self.path]) if self.path else "sample",
            "search": f"live, {self.url}",
            "comparable": "with numbers on live Wikipedia of about the same day; never with hotpotqa_local",
        }


@cache
def _pages(path: Path | None) -> Pages:
    """One for all worlds."""
    return Pages(path)
