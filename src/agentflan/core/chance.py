"""Coins that depend on keys, never on order: the same choice in any process, worker count or resume."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_SPAN = float(1 << 64)


def coin(*keys: str | int) -> float:
    """A number in [0, 1) that the keys alone decide."""
    text = "\x1f".join([str(key) for key in keys]).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest()) / _SPAN


def pick(options: Sequence[T], *keys: str | int) -> T:
    """One of the options, decided by the keys alone."""
    return options[int(coin(*keys) * len(options))]


def shuffled(options: Sequence[T], *keys: str | int) -> list[T]:
    """The options in an order decided by the keys alone."""
    order = sorted(range(len(options)), key=lambda index: coin(*keys, index))
    return [options[index] for index in order]
