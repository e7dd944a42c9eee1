"""Which sequences make up batch number k, and their tokens as padded or packed arrays. Numpy alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentflan.core.chance import coin
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.packing import Ints, pack, windows
from agentflan.train.classes import CLASSES
from agentflan.train.settings import TrainSettings
from agentflan.train.speed.online import Balance

PROMPT = CLASSES.index("prompt")
PACKED_TOGETHER = 256
"""Rows, at least, over which a shuffled order is packed: with fewer, the last ones stay emptier."""


class Batch(NamedTuple):
    """Sequences in rows padded on the right, and for each place that carries weight what is to be predicted there.

    A causal model never looks to the right, so the padding needs no mask.
    """

    ids: Ints
    """(rows, longest), or (rows, sequence_length) if packed."""
    rows: Ints
    """(N,): places in the flattened ids whose hidden states predict a weighted token: those just before them."""
    targets: Ints
    """(N,): the tokens to be predicted."""
    weights: NDArray[np.float32]
    classes: Ints
    """(N,): index into CLASSES."""
    owners: Ints
    """(N,): index into `members`."""
    members: Ints
    """The numbers of the sequences in the tokens folder."""
    lengths: Ints
    """Their tokens."""
    positions: Ints | None
    """Like ids: each token's place in its own sequence; the padding of a row counts as one more. None: not packed."""

    @property
    def tokens(self) -> int:
        """Without padding."""
        return int(self.lengths.sum())


class Step(NamedTuple):
    """One step of the optimiser on one device."""

    batches: tuple[Batch, ...]
    """As many on every device; one may be empty, a single token without a target."""
    weight: float
    """Sum of the weights over all devices: what the step's loss is divided by."""


class _Layout(NamedTuple):
    """Which sequences a batch holds, and the row each of them lies in, from 0, never falling."""

    members: Ints
    rows: Ints

    def part(self, first: int, size: int) -> _Layout:
        """The rows from `first` on, `size` of them if there are so many."""
        start, end = np.searchsorted(self.rows, (first, first + size))
        return _Layout(self.members[start:end], self.rows[start:end] - first)


class Plan:
    """The order of the batches: batch k is decided by the settings, the lengths and k alone."""

    def __init__(self, settings: TrainSettings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._lengths = np.diff(tokens.offsets)
        carries = self._carries()
        self.rows: Ints = np.flatnonzero(carries & ~tokens.validation)
        """Sequences to train on."""
        self.held_out: Ints = np.flatnonzero(carries & tokens.validation)
        self.skipped = int((~carries).sum())
        """Sequences without a token to learn."""
        self._balance: Balance | None = None
        self._epoch = lru_cache(maxsize=1)(self._shuffle)
        self._starts = [0]  # the first step of each epoch, as far as anyone asked: packed epochs differ a little

    @property
    def steps(self) -> int:
        settings = self._settings
        return settings.steps or self._start(settings.epochs)

    def follow(self, balance: Balance | None) -> None:
        """Multiplies the weights of training batches by those in force at their step."""
        self._balance = balance

    def step(self, number: int, rank: int = 0, world: int = 1) -> Step:
        """The part of device `rank` of `world` in a step, counted from 0: every world-th micro-batch."""
        while self._starts[-1] <= number:
            self._start(len(self._starts))
        epoch = bisect_right(self._starts, number) - 1
        layout = self._epoch(epoch)[number - self._starts[epoch]]
        size = self._settings.micro_batch_size or -(-self._settings.batch_size // world)
        each = -(-self._settings.batch_size // (size * world))
        parts = [layout.part(size * part, size) for part in range(rank, each * world, world)]
        factors = self._balance.at(number) if self._balance else None
        weights = self._weights(self._places(layout.members)[0], layout.members, factors)
        return Step(tuple(self._gather(part, factors) for part in parts), float(weights.sum(dtype=np.float64)))

    def validation(self) -> Iterator[Batch]:
        """The held-out sequences, so many rows at a time as go through the model at once in training."""
        size = self._settings.micro_batch_size or self._settings.batch_size
        order = self.held_out[np.argsort(self._lengths[self.held_out], kind="stable")]
        rows = pack(self._lengths[order], self._settings.sequence_length) if self._settings.packing else None
        return map(self._gather, _cut(order, rows, size))

    def _start(self, epoch: int) -> int:
        """The number of the first step of an epoch."""
        for past in range(len(self._starts) - 1, epoch):
            self._starts.append(self._starts[-1] + len(self._epoch(past)))
        return self._starts[epoch]

    def groups(self, members: Ints) -> Ints:
        """The group of each sequence, numbered as in the tokens folder."""
        return np.asarray(self._tokens.group[members], dtype=np.int64)

    def _carries(self) -> NDArray[np.bool_]:
        """Which sequences have a weighted token beyond the first, which nothing predicts."""
        if self._settings.prompt_weight > 0:
            return self._lengths > 1
        heavy = np.asarray(self._tokens.trained) & (np.asarray(self._tokens.weight) > 0)
        before = np.concatenate(([0], np.cumsum(heavy)))
        starts, ends = self._tokens.offsets[:-1], self._tokens.offsets[1:]
        return np.asarray(before[ends] > before[np.minimum(starts + 1, ends)])

    def _shuffle(self, epoch: int) -> list[_Layout]:
        settings = self._settings
        chance = np.random.default_rng(int(coin(settings.seed, "batches", epoch) * 2**53))
        order = chance.permutation(self.rows) if settings.order == "shuffled" else self.rows
        size = settings.batch_size
        if settings.packing:
            return _cut(order, self._packed(order, chance), size)
        batches = []
        for start in range(0, len(order), size * settings.window):
            window = order[start : start + size * settings.window]
            if settings.window == 1:
                batches.append(window)
                continue
            window = window[np.argsort(self._lengths[window], kind="stable")]
            places = np.arange(0, len(window), size)
            batches += [window[place : place + size] for place in chance.permutation(places)]
        return [_Layout(members, np.arange(len(members))) for members in batches]

    def _packed(self, order: Ints, chance: np.random.Generator) -> Ints:
        """The row of each sequence; rows are shuffled within the windows, as batches are."""
        settings, count, rows = self._settings, 0, []
        together = settings.window * settings.batch_size
        if settings.order == "shuffled":
            together = max(together, PACKED_TOGETHER)
        lengths = self._lengths[order]
        for window in np.split(lengths, windows(lengths, settings.sequence_length, together)):
            taken = pack(window, settings.sequence_length)
            names = chance.permutation(int(taken.max(initial=-1)) + 1)
            rows.append(count + names[taken])
            count += len(names)
        return np.concatenate(rows)

    def _gather(self, layout: _Layout, factors: NDArray[np.float32] | None = None) -> Batch:
        members, lengths = layout.members, self._lengths[layout.members]
        if not len(members):
            none = np.zeros(0, dtype=np.int64)
            floats = none.astype(np.float32)
            return Batch(np.zeros((1, 1), np.int64), none, none, floats, none, none, none, none, None)
        places, inside = self._places(members)
        filled = np.bincount(layout.rows, weights=lengths).astype(np.int64)
        width = self._settings.sequence_length if self._settings.packing else int(lengths.max())
        gaps = np.arange(len(filled)) * width - (np.cumsum(filled) - filled)  # between a row's start and its tokens'
        cells = np.arange(len(places)) + np.repeat(gaps[layout.rows], lengths)
        ids = np.zeros((len(filled), width), dtype=np.int64)
        ids.reshape(-1)[cells] = self._tokens.ids[places]
        positions = None
        if self._settings.packing:
            positions = np.arange(width) - filled[:, None]
            positions.reshape(-1)[cells] = inside
        weights = self._weights(places, members, factors)
        kept = np.flatnonzero(weights)
        classes = np.where(self._tokens.trained[places], self._tokens.capability[places], PROMPT)[kept]
        owners = np.repeat(np.arange(len(members)), lengths)[kept]
        rows, targets = cells[kept] - 1, ids.reshape(-1)[cells[kept]]
        return Batch(ids, rows, targets, weights[kept], classes.astype(np.int64), owners, members, lengths, positions)

    def _places(self, members: Ints) -> tuple[Ints, Ints]:
        """Where the tokens of the sequences lie in the arrays, and in their sequence; end to end."""
        lengths = self._lengths[members]
        starts = np.cumsum(lengths) - lengths
        inside = np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
        return np.repeat(self._tokens.offsets[members], lengths) + inside, inside

    def _weights(self, places: Ints, members: Ints, factors: NDArray[np.float32] | None) -> NDArray[np.float32]:
        own = self._tokens.weight[places]
        if factors is not None:
            own = own * factors[self._tokens.capability[places]]
        weights = np.where(self._tokens.trained[places], own, np.float32(self._settings.prompt_weight))
        lengths = self._lengths[members]
        weights[np.cumsum(lengths) - lengths] = 0  # nothing of its own stands before a first token
        return weights


def _cut(order: Ints, rows: Ints | None, size: int) -> list[_Layout]:
    """Batches of `size` rows, in the order of the rows; None: each sequence has its own."""
    if rows is not None:
        ranked = np.argsort(rows, kind="stable")
        order, rows = order[ranked], rows[ranked]
    else:
        rows = np.arange(len(order))
    whole = _Layout(order, rows)
    return [whole.part(first, size) for first in range(0, int(rows.max(initial=-1)) + 1, size)]
