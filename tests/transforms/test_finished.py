from __future__ import annotations

from agentflan.core.types import Answer, Dropped, Step, Trajectory
from agentflan.transforms.finished_only import FinishedOnly
from agentflan.transforms.no_restarts import NoRestarts

DONE = Trajectory(id="a", source="toolbench", query="q", steps=(Step(action=Answer(text="so")),))


def changed(**fields: object) -> Trajectory:
    return Trajectory(**{"id": "a", "source": "toolbench", "query": "q", "steps": DONE.steps, **fields})


def test_only_what_came_to_an_end_stays() -> None:
    keep = FinishedOnly()
    assert keep(DONE) is DONE
    assert keep(changed(ending="gave_up")) == Dropped("gave_up")
    assert keep(changed(ending="open")) == Dropped("unfinished")
    assert keep(changed(steps=())) == Dropped("no_steps")
    chat = changed(kind="general", ending="open")
    assert keep(chat) is chat


def test_restarted_searches_leave() -> None:
    assert NoRestarts()(DONE) is DONE
    assert NoRestarts()(changed(restarted=True)) == Dropped("restart")
