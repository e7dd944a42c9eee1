"""Losses by class of token, with intervals: format against content, and each capability (paper section 3)."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from agentflan.core.chance import coin
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Template
from agentflan.core.progress import Progress
from agentflan.corpus.building.build import Say
from agentflan.corpus.store.parquet import ConversationWriter
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.report.diagnosis.given import Written
from agentflan.report.diagnosis.record import CONTENT, Form, Interval, Losses, Mean
from agentflan.train.batching.batches import Batch, Plan
from agentflan.train.classes import SHOWN
from agentflan.train.settings import TrainSettings
from agentflan.train.stepping.objective import Objective
from agentflan.train.watching.validate import validate

_NAMES = (*SHOWN, "content")
_DRAWS = 2_000
_AT_ONCE = 8
"""Sequences that go through the model together."""
Sums = NDArray[np.float64]


class Measured(NamedTuple):
    """Conversations in one form, ready to be measured."""

    form: Form
    tokens: Tokens
    left: Counter[str]
    """Why conversations are not in it -> how many."""


def as_tokens(written: Written, tokenizer: Tokenizer, template: Template, max_length: int, work: Path) -> Measured:
    """The conversations in the tokens of the model, written below `work`; all of them held out."""
    with ConversationWriter(work / "corpus") as writer:
        writer.write(written.items)
    folder = work / "tokens"
    ledger = tokenise(work / "corpus", folder, tokenizer, template, validation_share=0, seed=0, max_length=max_length)
    opened = Tokens.open(folder)
    held_out = dataclasses.replace(opened, validation=np.ones(len(opened), dtype=np.bool_))
    return Measured(written.form, held_out, written.left + Counter(ledger["skipped"]))


class _Told(Plan):
    """Says how far its validation is."""

    def __init__(self, tokens: Tokens, what: str, say: Say) -> None:
        super().__init__(TrainSettings(batch_size=_AT_ONCE), tokens)
        self._progress = Progress(what, len(self.held_out), say)

    def validation(self) -> Iterator[Batch]:
        for batch in super().validation():
            yield batch
            self._progress.add(len(batch.members))


def losses(model: PreTrainedModel, measured: Measured, seed: int, say: Say) -> Losses:
    """By the code of a run's validation. Raises `Mistake` where nothing weighs anything."""
    tokens = measured.tokens
    plan = _Told(tokens, f"losses of {len(tokens.ids):,} tokens ({measured.form}), conversations", say)
    found = validate(model, Objective(model), plan)
    if found is None:
        raise Mistake("no token that is trained weighs anything", where="corpus", mend="look at it by `agentflan show`")
    sums, counts = _with_content(found.sums), _with_content(found.counts)
    drawn = _resampled(sums, counts, seed)
    means = {
        name: Mean(
            loss=_interval(sums[:, place].sum() / counts[:, place].sum(), drawn[:, place], counts[:, place]),
            tokens=int(counts[:, place].sum()),
            conversations=_holding(tokens, CONTENT if name == "content" else (name,)),
        )
        for place, name in enumerate(_NAMES)
        if counts[:, place].any()
    }
    left = measured.left + Counter({"nothing_trained": plan.skipped})
    return Losses(
        form=measured.form,
        conversations=len(plan.held_out),
        groups=len(found.groups),
        left=dict(sorted(left.items())),
        means=means,
        gap=_gap(means, drawn, counts),
    )


def _gap(means: Mapping[str, Mean], drawn: Sums, counts: Sums) -> Interval | None:
    if not {"content", "format"} <= means.keys():
        return None
    content, form = _NAMES.index("content"), _NAMES.index("format")
    value = means["content"].loss.value - means["format"].loss.value
    return _interval(value, drawn[:, content] - drawn[:, form], counts[:, [content, form]].min(axis=1))


def _with_content(columns: NDArray[np.float64] | NDArray[np.int64]) -> Sums:
    """(G, CLASSES) -> (G, shown classes and content)."""
    shown = columns[:, : len(SHOWN)].astype(np.float64)
    content = shown[:, [SHOWN.index(name) for name in CONTENT]].sum(axis=1)
    return np.column_stack([shown, content])


def _resampled(sums: Sums, counts: Sums, seed: int) -> Sums:
    """(_DRAWS, columns): the means over as many groups, drawn with replacement; NaN where none has the class."""
    chance = np.random.default_rng(int(coin(seed, "bootstrap") * 2**53))
    groups = len(sums)
    drawn = np.empty((_DRAWS, sums.shape[1]))
    for number in range(_DRAWS):
        times = np.bincount(chance.integers(groups, size=groups), minlength=groups)
        total = times @ counts
        drawn[number] = np.divide(times @ sums, total, out=np.full(len(total), np.nan), where=total > 0)
    return drawn


def _interval(value: float, drawn: Sums, held: Sums) -> Interval:
    """`held` says for each group how many tokens it has of the class."""
    if np.count_nonzero(held) < 2:
        return Interval(value=float(value), low=None, high=None)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(value=float(value), low=float(low), high=float(high))


def _holding(tokens: Tokens, names: Sequence[str]) -> int:
    """Conversations with a trained token of one of these classes."""
    wanted = np.isin(tokens.capability, [SHOWN.index(name) for name in names]) & tokens.trained & (tokens.weight > 0)
    owners = np.repeat(np.arange(len(tokens)), np.diff(tokens.offsets))
    return len(np.unique(owners[wanted]))
