"""What every model must hold: one reply to each problem, under its own number, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentflan.core import plugs
from agentflan.core.types import Reply
from tests.models.serving import serving
from tests.models.tiny import saved

URL = "served"
"""Stands for the address of a server that the test starts."""

MODELS: dict[str, Any] = {
    "scripted": lambda _: {"use": "scripted", "policy": "random"},
    "http": lambda _: {"use": "http", "url": URL, "model": "any"},
    "hf": lambda folder: {"use": "hf", "path": str(saved(folder)), "max_new_tokens": 8},
}
"""Model -> a recipe entry for a small one. A new model adds its line here."""


@pytest.mark.parametrize("name", plugs.names("model"))
def test_every_problem_gets_its_own_reply(name: str, tmp_path: Path) -> None:
    entry = MODELS[name](tmp_path)
    with serving(tmp_path) as server:
        entry.update({"url": server.url} if entry.get("url") == URL else {})
        _answers_each(plugs.load("model", entry))


def _answers_each(model: Any) -> None:
    problems = plugs.load("benchmark", {"use": "agent_h", "count": 10}).problems()

    def answers(order: list[int]) -> dict[str, Reply]:
        replies: dict[str, Reply] = {}
        model(
            [problems[index] for index in order],
            lambda index, reply: replies.update({problems[order[index]].id: reply}),
        )
        return replies

    forward = answers(list(range(10)))
    assert set(forward) == {problem.id for problem in problems}
    assert all(isinstance(reply, Reply) for reply in forward.values())
    assert answers(list(reversed(range(10)))) == forward
    assert model.name
