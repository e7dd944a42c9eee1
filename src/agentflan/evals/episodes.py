"""Plays many episodes at once: the dialect reads each reply, the world makes its step, and the model is told of it.

A slot is a world that plays one episode after the other, so no more worlds are open than there are slots. Every turn is
a line of the transcripts, found again by all that the model was told: a run that was killed steps its worlds through
what is on file and asks on from there, and where a world shows something else this time, the model is asked anew.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from threading import Lock
from typing import Any

import msgspec

from agentflan.core import plugs
from agentflan.core.benchmarks import Acting, Offering, Seen, World
from agentflan.core.errors import Mistake
from agentflan.core.journal import Journal
from agentflan.core.kinds import Dialect
from agentflan.core.progress import Progress
from agentflan.core.types import Ended, Episode, Message, Observation, Problem, Reply, Segment, Step, ToolCall, Turn
from agentflan.evals.transcripts import Transcript, key_of

_SILENT = ("infrastructure", "context_overflow", "content_filter")
"""Faults that leave no reply to act by. One that was cut off at `length` may hold an action all the same."""

Slot = Generator[Problem, Reply, None]
"""Yields what is to be asked, is sent the reply."""


def played(
    model: Any,
    identity: str,
    benchmark: Acting,
    problems: Sequence[Problem],
    kept: Journal[Transcript],
    progress: Progress,
) -> list[tuple[Problem, Episode]]:
    """An episode of each problem, in their order; what is on file of it is not asked again."""
    stage = _Stage(benchmark, identity, kept, progress)
    queue = iter(enumerate(problems))
    with ExitStack() as stack:
        number = min(benchmark.at_once, len(problems))
        slots = [stack.enter_context(closing(stage.slot(queue))) for _ in range(number)]
        _answered(model, slots)
    return [(problem, stage.over[index]) for index, problem in enumerate(problems)]


def told(episode: Episode) -> Reply:
    """All that was said and shown, as one text."""
    texts = [
        text for turn in episode.turns for text in (turn.reply.text, turn.observation.text if turn.observation else "")
    ]
    detail = episode.turns[-1].reply.detail if episode.turns else ""
    return Reply(text="\n\n".join(filter(None, texts)), fault=episode.fault, detail=detail)


def alone(benchmark: Acting, problem: Problem, reply: Reply) -> Episode:
    """The episode in which a model says this one thing."""
    with benchmark.world() as world:
        world.reset(problem)
        turn = _turn(world, plugs.load("dialect", problem.syntax), reply)
    return _episode([turn], limit=1)


def earlier(
    kept: Journal[Transcript], identity: str, now: Mapping[str, Problem], limit: int
) -> list[tuple[Problem, Episode]]:
    """The last episode of this model in each problem it ever had, as it is on file, graded by what `now` says."""
    found: dict[str, list[Transcript]] = {}
    for line in kept.lines():
        if line.model == identity:
            turns = found.setdefault(line.problem.id, [])
            turns[line.turn :] = [line]
    if not found:
        raise Mistake("no transcript here is of this model", where=str(kept.path), mend="evaluate it first")
    return [(now.get(name, lines[0].problem), _on_file(lines, limit)) for name, lines in found.items()]


class _Stage:
    """What the slots of one run share."""

    def __init__(self, benchmark: Acting, identity: str, kept: Journal[Transcript], progress: Progress) -> None:
        self.benchmark, self.identity, self.kept, self.progress = benchmark, identity, kept, progress
        self.on_file = {line.key: line for line in kept.lines() if line.model == identity}
        self.over: dict[int, Episode] = {}
        self._lock = Lock()

    def slot(self, queue: Iterator[tuple[int, Problem]]) -> Slot:
        with self.benchmark.world() as world:
            for index, problem in queue:
                episode = self.over[index] = yield from self._episode(world, problem)
                with self._lock:
                    self.progress.add(1, episode.fault)

    def _episode(self, world: World, problem: Problem) -> Generator[Problem, Reply, Episode]:
        dialect: Dialect = plugs.load("dialect", problem.syntax)
        start = world.reset(problem)
        if start.fault == "world":
            return Episode(turns=(), ended="world", fault="world")
        history, offers, turns, changed = _shown(problem, start.text), start.offers, list[Turn](), False
        while True:
            asked = _offered(history, dialect, offers)
            key = key_of(self.identity, self.benchmark.version, asked)
            line = self.on_file.get(key)
            reply = line.reply if line and line.reply.fault != "infrastructure" else (yield asked)
            turn = _turn(world, dialect, reply)
            new = self._line(key, asked, turn, len(turns))
            changed = changed or new != line
            if changed:  # all that follows is written again as well, so that the last lines are one episode
                self._keep(new)
            turns.append(turn)
            if _is_over(turn) or len(turns) == self.benchmark.steps:
                return _episode(turns, self.benchmark.steps)
            history, offers = _told(history, dialect, turn), turn.observation.offers if turn.observation else ()

    def _line(self, key: str, asked: Problem, turn: Turn, number: int) -> Transcript:
        problem = _later(asked) if number else asked
        return Transcript(
            key=key,
            model=self.identity,
            version=self.benchmark.version,
            problem=problem,
            reply=turn.reply,
            turn=number,
            observation=turn.observation,
        )

    def _keep(self, line: Transcript) -> None:
        with self._lock:
            self.kept.append(line)


def _answered(model: Any, slots: Sequence[Slot]) -> None:
    """Runs the slots to their ends. Worlds make their steps in threads, so that none waits for another."""
    waiting = {number: first for number, slot in enumerate(slots) if (first := next(slot, None)) is not None}
    stepping: dict[int, Future[Problem | None]] = {}

    def go_on(number: int, reply: Reply) -> Problem | None:
        try:
            waiting[number] = slots[number].send(reply)
        except StopIteration:
            return None
        return waiting[number]

    def heard(numbers: Sequence[int]) -> Seen:
        def seen(index: int, reply: Reply) -> Future[Problem | None]:
            del waiting[numbers[index]]
            stepping[numbers[index]] = pool.submit(go_on, numbers[index], reply)
            return stepping[numbers[index]]

        return seen

    with ThreadPoolExecutor(max(1, len(slots))) as pool:
        while waiting:
            numbers = sorted(waiting)
            model([waiting[number] for number in numbers], heard(numbers))
            for step in stepping.values():
                step.result()
            stepping.clear()


def _turn(world: World, dialect: Dialect, reply: Reply) -> Turn:
    step = dialect.read((_said(reply.text),))
    return Turn(reply=reply, step=step, observation=None if reply.fault in _SILENT else world.step(step))


def _is_over(turn: Turn) -> bool:
    return turn.observation is None or turn.observation.done or turn.observation.fault == "world"


def _episode(turns: Sequence[Turn], limit: int) -> Episode:
    last = turns[-1]
    shown = last.observation or Observation(text="")
    if last.observation is None:
        return Episode(turns=tuple(turns), ended="model", fault=last.reply.fault)
    if shown.fault == "world":
        return Episode(turns=tuple(turns), ended="world", fault="world")
    if not shown.done and len(turns) < limit:
        return Episode(turns=tuple(turns), ended="unfinished", fault="unfinished")
    ended: Ended = "finished" if shown.done else "invalid" if shown.fault else "limit"
    return Episode(turns=tuple(turns), ended=ended)


def _on_file(lines: Sequence[Transcript], limit: int) -> Episode:
    dialect: Dialect = plugs.load("dialect", lines[0].problem.syntax)
    turns = [
        Turn(reply=line.reply, step=dialect.read((_said(line.reply.text),)), observation=line.observation)
        for line in lines[:limit]
    ]
    return _episode(turns, limit)


def _told(asked: Problem, dialect: Dialect, turn: Turn) -> Problem:
    """What is asked after a turn. The agent's action stands there as it was read, without what it made up to follow."""
    reply: tuple[Message, ...] = (_said(turn.reply.text),)
    shown = turn.observation.text if turn.observation else ""
    if isinstance(turn.step.action, ToolCall):
        with suppress(ValueError):  # no step of this dialect: it stays as it was said
            reply = dialect.write(turn.step, asked.tools, asked.id)
    user = Message(role="user", segments=(Segment(text=dialect.observe(shown)),))
    return msgspec.structs.replace(asked, messages=(*asked.messages, *reply, user), turn=asked.turn + 1)


def _shown(problem: Problem, text: str) -> Problem:
    """The prompt with a world's first observation below it, in the same message: roles alternate.

    A prompt that ends in a space goes on in the same line.
    """
    begun = "".join(part.text for part in problem.messages[-1].segments).endswith(" ")
    return _below(problem, text if begun or not text else f"\n\n{text}")


def _offered(history: Problem, dialect: Dialect, offers: tuple[Step, ...]) -> Problem:
    """What is asked: the history, and below it what can be done now, which the history never holds."""
    if not offers or not isinstance(dialect, Offering):
        return history
    return msgspec.structs.replace(_below(history, dialect.offer(offers)), moves=offers)


def _below(problem: Problem, text: str) -> Problem:
    if not text:
        return problem
    *before, last = problem.messages
    longer = msgspec.structs.replace(last, segments=(*last.segments, Segment(text=text)))
    return msgspec.structs.replace(problem, messages=(*before, longer))


def _later(asked: Problem) -> Problem:
    """What a later turn keeps of its problem: the first has said all the rest."""
    return Problem(id=asked.id, messages=asked.messages[-1:], syntax=asked.syntax, part=asked.part)


def _said(text: str) -> Message:
    return Message(role="assistant", segments=(Segment(text=text),))
