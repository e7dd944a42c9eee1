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
    tokens: int
    """Without padding."""


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
        self._epoch = lru_cache(maxsize=1)(self._shuffle)

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        epoch, place = divmod(step, self.per_epoch)
        return self._gather(self._epoch(epoch)[place])

    def validation(self) -> Iterator[Batch]:
        order = self.held_out[np.argsort(self._lengths[self.held_out], kind="stable")]
        size = self._settings.batch_size
        return (self._gather(order[start : start + size]) for start in range(0, len(order), size))

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

    def _gather(self, members: Ints) -> Batch:
        tokens = self._tokens
        lengths = self._lengths[members]
        columns = np.arange(int(lengths.max()))
        inside = columns < lengths[:, None]
        places = (tokens.offsets[members][:, None] + columns)[inside]
        ids = np.zeros(inside.shape, dtype=np.int64)
        ids[inside] = tokens.ids[places]
        trained = tokens.trained[places]
        weights = np.where(trained, tokens.weight[places], np.float32(self._settings.prompt_weight))
        weights[np.cumsum(lengths) - lengths] = 0  # nothing stands before a first token
        kept = np.flatnonzero(weights)
        classes = np.where(trained, tokens.capability[places], PROMPT)[kept].astype(np.int64)
        targets = np.flatnonzero(inside)[kept]
        return Batch(ids, targets - 1, ids.reshape(-1)[targets], weights[kept], classes, len(places))
