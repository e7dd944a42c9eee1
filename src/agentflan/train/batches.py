"""Which sequences make up batch number k, and their tokens as padded arrays. Numpy alone; nothing here has state."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentflan.core.chance import coin
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.loss import CLASSES
from agentflan.train.settings import TrainSettings
from agentflan.train.speed.online import Balance

Ints = NDArray[np.int64]
PROMPT = CLASSES.index("prompt")


class Batch(NamedTuple):
    """Sequences padded on the right, and for each position that carries weight what is to be predicted there.

    A causal model never looks to the right, so the padding needs no mask.
    """

    ids: Ints
    """(sequences, longest)."""
    rows: Ints
    """(N,): places in the flattened ids whose hidden states predict a weighted token: those just before them."""
    targets: Ints
    """(N,): the tokens to be predicted."""
    weights: NDArray[np.float32]
    classes: Ints
    """(N,): index into loss.CLASSES."""
    owners: Ints
    """(N,): index into `members`."""
    members: Ints
    """The numbers of the sequences in the tokens folder."""
    tokens: int
    """Without padding."""


class Step(NamedTuple):
    """One step of the optimiser on one device."""

    batches: tuple[Batch, ...]
    """As many on every device; one may be empty, a single token without a target."""
    weight: float
    """Sum of the weights over all devices: what the step's loss is divided by."""


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
        self.per_epoch = -(-len(self.rows) // settings.batch_size)
        self.steps = settings.steps or settings.epochs * self.per_epoch
        self._balance: Balance | None = None
        self._epoch = lru_cache(maxsize=1)(self._shuffle)

    def follow(self, balance: Balance | None) -> None:
        """Multiplies the weights of training batches by those in force at their step."""
        self._balance = balance

    def step(self, number: int, rank: int = 0, world: int = 1) -> Step:
        """The part of device `rank` of `world` in a step, counted from 0: every world-th micro-batch."""
        epoch, place = divmod(number, self.per_epoch)
        members = self._epoch(epoch)[place]
        size = self._settings.micro_batch_size or -(-self._settings.batch_size // world)
        each = -(-self._settings.batch_size // (size * world))
        parts = [members[size * part : size * (part + 1)] for part in range(each * world)]
        factors = self._balance.at(number) if self._balance else None
        weight = float(sum(self._weights(self._places(part)[0], part, factors).sum(dtype=np.float64) for part in parts))
        return Step(tuple(self._gather(part, factors) for part in parts[rank::world]), weight)

    def validation(self) -> Iterator[Batch]:
        order = self.held_out[np.argsort(self._lengths[self.held_out], kind="stable")]
        size = self._settings.batch_size
        return (self._gather(order[start : start + size]) for start in range(0, len(order), size))

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

    def _shuffle(self, epoch: int) -> list[Ints]:
        settings = self._settings
        chance = np.random.default_rng(int(coin(settings.seed, "batches", epoch) * 2**53))
        order = chance.permutation(self.rows) if settings.order == "shuffled" else self.rows
        size, batches = settings.batch_size, []
        for start in range(0, len(order), size * settings.window):
            window = order[start : start + size * settings.window]
            if settings.window == 1:
                batches.append(window)
                continue
            window = window[np.argsort(self._lengths[window], kind="stable")]
            places = np.arange(0, len(window), size)
            batches += [window[place : place + size] for place in chance.permutation(places)]
        return batches

    def _gather(self, members: Ints, factors: NDArray[np.float32] | None = None) -> Batch:
        tokens = self._tokens
        if not len(members):
            none = np.zeros(0, dtype=np.int64)
            return Batch(np.zeros((1, 1), np.int64), none, none, none.astype(np.float32), none, none, none, 0)
        places, inside = self._places(members)
        ids = np.zeros(inside.shape, dtype=np.int64)
        ids[inside] = tokens.ids[places]
        weights = self._weights(places, members, factors)
        kept = np.flatnonzero(weights)
        classes = np.where(tokens.trained[places], tokens.capability[places], PROMPT)[kept].astype(np.int64)
        targets = np.flatnonzero(inside)[kept]
        owners = targets // inside.shape[1]
        return Batch(ids, targets - 1, ids.reshape(-1)[targets], weights[kept], classes, owners, members, len(places))

    def _places(self, members: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Where the tokens of the sequences lie in the arrays, and which of a padded batch's cells they fill."""
        lengths = self._lengths[members]
        columns = np.arange(int(lengths.max(initial=0)))
        inside = columns < lengths[:, None]
        return (self._tokens.offsets[members][:, None] + columns)[inside], inside

    def _weights(self, places: Ints, members: Ints, factors: NDArray[np.float32] | None) -> NDArray[np.float32]:
        own = self._tokens.weight[places]
        if factors is not None:
            own = own * factors[self._tokens.capability[places]]
        weights = np.where(self._tokens.trained[places], own, np.float32(self._settings.prompt_weight))
        lengths = self._lengths[members]
        weights[np.cumsum(lengths) - lengths] = 0  # nothing stands before a first token
        return weights
