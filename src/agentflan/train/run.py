"""One tuning run: tokens and settings in, a model folder and its curves out."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import torch
from transformers import PreTrainedModel
from transformers.utils import logging

from agentflan.core import plugs
from agentflan.core.digest import digest_of, sha256_of
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Backend
from agentflan.core.ranks import rank
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.job import Job
from agentflan.train.saving import result
from agentflan.train.settings import TrainSettings
from agentflan.train.starting import lora, model
from agentflan.train.stepping import attention


def train(settings: TrainSettings, tokens: Path, run: Path) -> None:
    """Fills `run/model/` and `run/train/metrics.jsonl`; takes up the checkpoint of a run that was cut off.

    `tokens` is a tokens folder. Raises `Mistake` when settings, tokens and model do not fit together.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    logging.disable_progress_bar()
    backend: Backend = plugs.load("backend", settings.backend, seed=settings.seed, where="train.backend")
    opened = Tokens.open(tokens)
    _check(settings, opened, tokens)
    tokenizer = tokens / "tokenizer"

    def begin() -> PreTrainedModel:
        begun = model.begin(settings.model, tokenizer, settings.seed)
        attention.use(begun, settings)
        _check_positions(begun, opened)
        return begun

    def save(tuned: PreTrainedModel) -> None:
        result.save(tuned, settings, tokens, run / "model")

    def say(line: str) -> None:
        if rank() == 0:
            sys.stderr.write(f"{run.name}: {line}\n")

    backend(Job(settings, opened, run / "train", _digest(settings, tokens), begin, save, say))


def check_device(settings: TrainSettings) -> None:
    """Raises `Mistake` for a device that is not there, and for attention that it cannot train with."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise Mistake("torch sees no GPU", where="train.device", mend="say `device: auto`")
    attention.check(settings, model.device_of(settings.device))


def _check(settings: TrainSettings, tokens: Tokens, folder: Path) -> None:
    check_device(settings)
    if settings.model.path is not None:
        model.check_folder(settings.model.path)
    if settings.lora is not None:
        lora.check(settings.model, settings.lora, folder / "tokenizer")
    longest = int((tokens.offsets[1:] - tokens.offsets[:-1]).max(initial=0))
    if longest > settings.sequence_length:
        raise Mistake(
            f"the longest sequence has {longest:,} tokens and sequence_length is {settings.sequence_length:,}",
            where=str(folder),
            mend="raise `train.sequence_length`, or tokenise again with it",
        )
    plan = Plan(settings, tokens)
    if settings.keep == "best" and not len(plan.held_out):
        mend = "raise `corpus.validation_share`, or say `keep: last`"
        raise Mistake(
            "`keep: best` needs sequences to validate on, and none are held out", where=str(folder), mend=mend
        )
    if not len(plan.rows):
        raise Mistake(
            "no sequence has a token to learn",
            where=str(folder),
            mend="train on conversations whose assistant turns have loss, or set `prompt_weight`",
        )


def _check_positions(begun: PreTrainedModel, tokens: Tokens) -> None:
    longest = int((tokens.offsets[1:] - tokens.offsets[:-1]).max(initial=0))
    positions = getattr(begun.config, "max_position_embeddings", None)
    if positions is not None and longest > positions:
        raise Mistake(
            f"the longest sequence has {longest:,} tokens and the model reads {positions:,}",
            where="train.model",
            mend="lower `train.sequence_length` and tokenise again, or raise `max_positions`",
        )


def _digest(settings: TrainSettings, tokens: Path) -> str:
    """Of all that decides the result: settings, tokens, and the weights to begin with."""
    files = sorted(tokens.glob("*.npy"))
    if settings.model.path is not None:
        files += sorted(path for path in settings.model.path.iterdir() if path.is_file())
    return digest_of([msgspec.to_builtins(settings, enc_hook=str), [[path.name, sha256_of(path)] for path in files]])
