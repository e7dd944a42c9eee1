"""What holds for every transform: deterministic, order-free, its input unchanged, roles in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from agentflan.core import plugs
from agentflan.core.kinds import Ask, Group, Item, Map, Parts
from agentflan.core.types import Conversation
from tests.transforms.drawn import alternates, corpora, settle

SAMPLES = Path(__file__).parents[1] / "transforms" / "samples"
SMALL: dict[str, dict[str, Any]] = {
    "converse": {"react_share": 0.4},
    "decontaminate": {"against": [str(SAMPLES / "drawn.ngrams")]},
    "drop_lints": {"codes": ["AF104", "AF109"]},
    "format_lessons": {"count": 3},
    "negatives": {"count": 4},
    "language": {"keep": ["en"]},
    "length": {"max_characters": 30},
    "rebalance": {"reasoning": 0.4, "format": 0.5},
}
"""Settings that show something on a few items, where the defaults would not."""

quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
every = pytest.mark.parametrize("name", plugs.names("transform"))


def load(name: str) -> Any:
    return plugs.load("transform", {"use": name, **SMALL.get(name, {})}, seed=5)


def ordered(items: list[Item]) -> list[bytes]:
    return [msgspec.msgpack.encode(item) for item in sorted(items, key=lambda item: item.id)]


@every
def test_it_is_of_one_kind(name: str) -> None:
    plug = load(name)
    parts = [part for _, part in plug.parts()] if isinstance(plug, Parts) else [plug]
    for part in parts:
        assert sum((isinstance(part, Group), isinstance(part, Ask), callable(part) and isinstance(part, Map))) == 1


@every
@quick
@given(items=corpora)
def test_it_is_deterministic_and_leaves_its_input_alone(name: str, items: list[Item]) -> None:
    before = [msgspec.msgpack.encode(item) for item in items]
    first = settle(load(name), items)
    assert settle(load(name), items) == first
    assert [msgspec.msgpack.encode(item) for item in items] == before


@every
@quick
@given(items=corpora)
def test_order_does_not_matter(name: str, items: list[Item]) -> None:
    kept, left = settle(load(name), items)
    kept_backwards, left_backwards = settle(load(name), items[::-1])
    assert ordered(kept) == ordered(kept_backwards)
    assert sorted(left) == sorted(left_backwards)


@every
@quick
@given(items=corpora)
def test_nothing_is_lost_and_roles_alternate(name: str, items: list[Item]) -> None:
    kept, left = settle(load(name), items)
    ids = [item.id for item in kept]
    assert len(set(ids)) == len(ids)
    assert {item.id for item in items} <= {*ids, *(id for id, _ in left)}
    assert all(alternates(item) for item in kept if isinstance(item, Conversation))
