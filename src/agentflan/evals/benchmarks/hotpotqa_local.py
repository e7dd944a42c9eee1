"""HotpotQA by acting, over the paragraphs of its own file: the paper's protocol, made repeatable.

What is found differs from live Wikipedia, so these numbers compare with each other and with no published ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from agentflan.core.plugs import Plug
from agentflan.core.types import Episode, Problem, Reply, Score
from agentflan.evals import episodes
from agentflan.evals.files import digest_of_files
from agentflan.evals.hotpotqa import questions, results
from agentflan.evals.hotpotqa.library import Library
from agentflan.evals.hotpotqa.reading import Reading


class HotpotqaLocal(Plug, frozen=True):
    """`f1` and `em` are the plain means over the levels; `em_within/<n>` counts answers within n steps, and
    `ended/<how>` says how episodes end: finished, limit, invalid (the last action was none), model (it failed)."""

    version: ClassVar[str] = "1"

    path: Path | None = None
    """A HotpotQA file of the distractor setting, such as hotpot_train_v1.1.json; without it a small sample of ours."""
    examples: Path | None = None
    """Worked examples to stand in the prompt in place of ours, as text."""
    per_level: Annotated[int, Meta(ge=1)] = 100
    """Questions of each level."""
    steps: Annotated[int, Meta(ge=1)] = 10
    at_once: Annotated[int, Meta(ge=1)] = 64
    """Episodes that are open at a time."""
    seed: int = 0

    def problems(self) -> Sequence[Problem]:
        return questions.problems(self.path, self.examples, self.per_level, self.seed)

    def world(self) -> AbstractContextManager[Reading]:
        return nullcontext(Reading(self._library().find))

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
            "search": f"BM25 over {len(self._library())} paragraphs",
            "comparable": "with other runs of hotpotqa_local on the same data and prompt; never with live Wikipedia",
        }

    def _library(self) -> Library:
        return _library(self.path, self.path.stat().st_mtime_ns if self.path else 0)


@lru_cache(maxsize=1)
def _library(path: Path | None, stamp: int) -> Library:
    """All paragraphs of the file, also those of questions that are not asked; `stamp` tells one state of it apart."""
    return Library(questions.read(path))
