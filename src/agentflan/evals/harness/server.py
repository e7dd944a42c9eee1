"""A model behind a URL asked to go on from a text as it stands: no role marks, and likelihoods where they count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from agentflan.core.types import Problem, Reply
from agentflan.evals.harness import tasks
from agentflan.models.chat.forms import decoded
from agentflan.models.chat.wire import Failure
from agentflan.models.http import Http

_FAULTS = {"length": "length", "content_filter": "content_filter"}
"""Why a server stopped -> the fault of the reply."""


class Server:
    def __init__(self, model: Http) -> None:
        self.name, self.identity = model.name, model.identity
        self._model = model

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        """All of a benchmark's problems are of one kind: choices to compare, or replies to write."""
        if problems and tasks.asked(problems[0]).choices:
            self._choose(problems, seen)
        else:
            self._model.post(Going(), [Going().body(problem, self._settings()) for problem in problems], seen)

    def _choose(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        """A request for each choice; a problem is answered when all of its are."""
        places = [(index, choice) for index, problem in enumerate(problems) for choice in tasks.asked(problem).choices]
        heard: list[dict[str, Reply]] = [{} for _ in problems]

        def told(place: int, reply: Reply) -> None:
            index, choice = places[place]
            heard[index][choice] = reply
            if len(heard[index]) == len(tasks.asked(problems[index]).choices):
                seen(index, _likeliest(tasks.prompt(problems[index]), heard[index], tasks.asked(problems[index])))

        bodies = [Telling(choice).body(problems[index], self._settings()) for index, choice in places]
        self._model.post(Telling(), bodies, told)

    def _settings(self) -> dict[str, Any]:
        """Greedy unless the model's settings say otherwise: the harness asks for temperature 0."""
        return {"temperature": 0, **self._model.settings}


class _Went(msgspec.Struct):
    text: str
    finish_reason: str | None = None


class _Continued(msgspec.Struct):
    choices: tuple[_Went, ...]


class Going(NamedTuple):
    """Text in, what follows it out."""

    path: str = "/completions"

    def body(self, problem: Problem, settings: Mapping[str, Any]) -> bytes:
        asked = {"prompt": tasks.prompt(problem), "stop": tasks.asked(problem).until, "max_tokens": problem.max_tokens}
        return msgspec.json.encode({**settings, **asked})

    def reply(self, content: bytes) -> Reply | Failure:
        found = decoded(content, _Continued)
        if isinstance(found, Failure):
            return found
        went = found.choices[0]
        return Reply(text=went.text, fault=_FAULTS.get(went.finish_reason or "", ""))


class _Logprobs(msgspec.Struct):
    token_logprobs: tuple[float | None, ...]
    """The first token of a prompt follows nothing, so it has none."""
    text_offset: tuple[int, ...]
    """Where each token starts, in characters."""


class _Scored(msgspec.Struct):
    logprobs: _Logprobs


class _Told(msgspec.Struct):
    choices: tuple[_Scored, ...]


class Telling(NamedTuple):
    """Prompt and choice in, the likelihood of each of their tokens out, and of one token more: servers refuse none."""

    choice: str = ""
    path: str = "/completions"

    def body(self, problem: Problem, settings: Mapping[str, Any]) -> bytes:
        text = tasks.prompt(problem) + self.choice
        return msgspec.json.encode({**settings, "prompt": text, "echo": True, "logprobs": 1, "max_tokens": 1})

    def reply(self, content: bytes) -> Reply | Failure:
        """The reply's text is the `logprobs` as JSON, for whoever knows where the prompt ends."""
        found = decoded(content, _Told)
        if isinstance(found, Failure):
            return found
        told = found.choices[0].logprobs
        if len(told.token_logprobs) != len(told.text_offset):
            return Failure("wrong_schema")
        return Reply(text=msgspec.json.encode(told).decode())


def _likeliest(prompt: str, heard: Mapping[str, Reply], asked: tasks.Asked) -> Reply:
    """The choice whose tokens are the likeliest after the prompt, of equal ones the first; or the first fault."""
    for choice in asked.choices:
        if heard[choice].fault:
            return heard[choice]
    values = {
        choice: _likelihood(heard[choice].text, len(prompt), len(prompt) + len(choice)) for choice in asked.choices
    }
    return Reply(text=max(values, key=lambda choice: values[choice]).strip())


def _likelihood(text: str, start: int, end: int) -> float:
    """Of the tokens that reach beyond `start` and begin before `end`."""
    told = msgspec.json.decode(text, type=_Logprobs)
    ends = (*told.text_offset[1:], end)
    tokens = zip(told.token_logprobs, told.text_offset, ends, strict=True)
    return sum(value or 0.0 for value, here, there in tokens if there > start and here < end)
