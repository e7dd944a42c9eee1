"""Coins that depend on keys, never on order: the same choice in any process, worker count or resume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_SPAN = float(1 << 64)


def coin(*keys: str | int) -> float:
    """A number in [0, 1) that the keys alone decide."""
    return int.from_bytes(blake2b(_spelled(keys), digest_size=8).digest()) / _SPAN


def coins(*common: str | int) -> Callable[..., float]:
    """Many coins with the same first keys, which are hashed once: `coins(a, b)(c)` is `coin(a, b, c)`."""
    begun = blake2b(_spelled((*common, "")), digest_size=8)

    def one(*keys: str | int) -> float:
        whole = begun.copy()
        whole.update(_spelled(keys))
        return int.from_bytes(whole.digest()) / _SPAN

    return one


def pick(options: Sequence[T], *keys: str | int) -> T:
    """One of the options, decided by the keys alone."""
    return options[int(coin(*keys) * len(options))]


def _spelled(keys: Sequence[str | int]) -> bytes:
    return "\x1f".join(map(str, keys)).encode("utf-8", "surrogatepass")


def shuffled(options: Sequence[T], *keys: str | int) -> list[T]:
    """The options in an order decided by the keys alone."""
    order = sorted(range(len(options)), key=lambda index: coin(*keys, index))
    return [options[index] for index in order]
