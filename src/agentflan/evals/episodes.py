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
from time import monotonic
from typing import Any

import msgspec

from agentflan.core import plugs
from agentflan.core.benchmarks import Acting, Offering, Seen, World
from agentflan.core.errors import Mistake
from agentflan.core.journal import Journal
from agentflan.core.kinds import Dialect
from agentflan.core.progress import Progress
from agentflan.core.types import Ended, Episode, Message, Observation, Problem, Reply, Segment, Step, ToolCall, Turn
from agentflan.evals.budget import FREE, Budget, Short, Spent
from agentflan.evals.transcripts import Keys, Transcript, episodes_in

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
    budget: Budget = FREE,
) -> list[tuple[Problem, Episode]]:
    """An episode of each problem, in their order; what is on file of it is not asked again."""
    stage = _Stage(benchmark, identity, kept, progress, budget)
    for syntax in sorted({problem.syntax for problem in problems}):
        plugs.load("dialect", syntax)  # msgspec crashes where threads are the first to convert to a type, all at once
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
    found = {name: lines for (model, name), lines in episodes_in(kept.lines()).items() if model == identity}
    if not found:
        raise Mistake("no transcript here is of this model", where=str(kept.path), mend="evaluate it first")
    return [(now.get(name, lines[0].problem), on_file(lines, limit)) for name, lines in found.items()]


def on_file(lines: Sequence[Transcript], limit: int) -> Episode:
    """The episode of these turns, so far as the limit on steps lets it go."""
    dialect: Dialect = plugs.load("dialect", lines[0].problem.syntax)
    lines = lines[:limit]
    turns = [
        Turn(reply=line.reply, step=dialect.read((_said(line.reply.text),)), observation=line.observation)
        for line in lines
    ]
    return _episode(turns, limit, lines[-1].short)


class _Stage:
    """What the slots of one run share."""

    def __init__(
        self, benchmark: Acting, identity: str, kept: Journal[Transcript], progress: Progress, budget: Budget
    ) -> None:
        self.benchmark, self.identity, self.kept, self.progress = benchmark, identity, kept, progress
        self.budget = budget
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
        began, start = monotonic(), world.reset(problem)
        if start.fault == "world":
            return Episode(turns=(), ended="world", fault="world")
        history, offers, turns, changed = _shown(problem, start.text), start.offers, list[Turn](), False
        keys, spent = Keys(self.identity, self.benchmark.version, history), Spent(self.budget, history.messages)
        while True:
            offered = _offered(dialect, offers)
            asked, key = _below(history, offered, offers), keys.key(offered)
            line = self.on_file.get(key)
            known = line.reply if line and line.reply.fault != "infrastructure" else None
            turn = _turn(world, dialect, known or (yield asked))
            turns.append(turn)
            now = monotonic()
            seconds = line.seconds if line and known else self._seconds(now - began)
            over, began = _is_over(turn) or len(turns) == self.benchmark.steps, now
            short = spent.turn(turn.reply, seconds, offered)
            new = self._line(key, asked, turn, seconds, "" if over else short)
            changed = changed or new != line
            if changed:  # all that follows is written again as well, so that the last lines are one episode
                self._keep(new)
            if over or short:
                return _episode(turns, self.benchmark.steps, short)
            further = _further(history, dialect, turn)
            keys.shown(further)
            spent.shown(further)
            history = msgspec.structs.replace(history, messages=(*history.messages, *further), turn=history.turn + 1)
            offers = turn.observation.offers if turn.observation else ()

    def _seconds(self, seconds: float) -> float:
        """As they are put on file: with no limit on them, transcripts hold nothing that a clock has said."""
        return round(seconds, 3) if self.budget.seconds else 0.0

    def _line(self, key: str, asked: Problem, turn: Turn, seconds: float, short: Short) -> Transcript:
        return Transcript(
            key=key,
            model=self.identity,
            version=self.benchmark.version,
            problem=_later(asked) if asked.turn else asked,
            reply=turn.reply,
            turn=asked.turn,
            observation=turn.observation,
            seconds=seconds,
            short=short,
        )

    def _keep(self, line: Transcript) -> None:
        with self._lock:
            self.kept.append(line)


def _answered(model: Any, slots: Sequence[Slot]) -> None:
    """Runs the slots to their ends. Worlds make their steps in threads, so that none waits for another."""
    waiting: dict[int, Problem] = {}
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
        first = pool.map(lambda slot: next(slot, None), slots)
        waiting |= {number: problem for number, problem in enumerate(first) if problem is not None}
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


def _episode(turns: Sequence[Turn], limit: int, short: Short = "") -> Episode:
    last = turns[-1]
    shown = last.observation or Observation(text="")
    if last.observation is None:
        return Episode(turns=tuple(turns), ended="model", fault=last.reply.fault)
    if shown.fault == "world":
        return Episode(turns=tuple(turns), ended="world", fault="world")
    if not shown.done and len(turns) < limit:
        return Episode(turns=tuple(turns), ended=short or "unfinished", fault="" if short else "unfinished")
    ended: Ended = "finished" if shown.done else "invalid" if shown.fault else "limit"
    return Episode(turns=tuple(turns), ended=ended)


def _further(asked: Problem, dialect: Dialect, turn: Turn) -> tuple[Message, ...]:
    """What a turn adds to the prompt. The agent's action stands there as it was read, without what it made up to
    follow."""
    reply: tuple[Message, ...] = (_said(turn.reply.text),)
    shown = turn.observation.text if turn.observation else ""
    if isinstance(turn.step.action, ToolCall):
        with suppress(ValueError):  # no step of this dialect: it stays as it was said
            reply = dialect.write(turn.step, asked.tools, asked.id)
    return *reply, Message(role="user", segments=(Segment(text=dialect.observe(shown)),))


def _shown(problem: Problem, text: str) -> Problem:
    """The prompt with a world's first observation below it, in the same message: roles alternate.

    A prompt that ends in a space goes on in the same line.
    """
    begun = "".join(part.text for part in problem.messages[-1].segments).endswith(" ")
    return _below(problem, text if begun or not text else f"\n\n{text}")


def _offered(dialect: Dialect, offers: Sequence[Step]) -> str:
    """What can be done now, in the dialect's words, if it has any for that."""
    return dialect.offer(offers) if offers and isinstance(dialect, Offering) else ""


def _below(problem: Problem, text: str, moves: tuple[Step, ...] = ()) -> Problem:
    """The problem with a text below its last message, which the next turn does not inherit."""
    if not text:
        return problem
    *before, last = problem.messages
    longer = msgspec.structs.replace(last, segments=(*last.segments, Segment(text=text)))
    return msgspec.structs.replace(problem, messages=(*before, longer), moves=moves or problem.moves)


def _later(asked: Problem) -> Problem:
    """What a later turn keeps of its problem: the first has said all the rest."""
    return Problem(id=asked.id, messages=asked.messages[-1:], syntax=asked.syntax, part=asked.part)


def _said(text: str) -> Message:
    return Message(role="assistant", segments=(Segment(text=text),))
