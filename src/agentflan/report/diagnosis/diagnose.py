"""A model and a corpus in, the three observations out; nothing is trained, and nothing of either is changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import msgspec
import torch
from tokenizers import Tokenizer
from transformers.utils import logging

from agentflan.core import plugs
from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Template
from agentflan.core.types import Conversation
from agentflan.corpus.building.build import Say
from agentflan.corpus.building.frames import save
from agentflan.corpus.settings import require_calls
from agentflan.corpus.tokens.tokenizer import fitted, load_tokenizer
from agentflan.evals.named import model_named
from agentflan.models.hf import Hf
from agentflan.report.diagnosis.calls import calls
from agentflan.report.diagnosis.given import choose, given, rewritten, template_for
from agentflan.report.diagnosis.losses import Measured, as_tokens, losses
from agentflan.report.diagnosis.record import FILE, SCHEMA, Calls, Diagnosis, Form, Losses
from agentflan.train.settings import ModelSettings
from agentflan.train.starting.model import begin

_OWN = "`--template model` takes that of the model's folder"
Device = Literal["auto", "cpu", "cuda"]


class Wanted(NamedTuple):
    """How to go about it."""

    forms: tuple[Form, ...] = ("as_built",)
    limit: int = 200
    """Conversations."""
    problems: int = 200
    """Asked for the over-call rate; 0 asks nothing."""
    everything: bool = False
    """Choose from all conversations, not from those alone that the run's training never saw."""
    template: str | None = None
    """None: the corpus' own, and for rows that are no corpus yet that of the model's folder."""
    device: Device = "auto"
    seed: int = 0


def diagnose(model: str, corpus: Path, out: Path | None, wanted: Wanted, say: Say) -> Diagnosis:
    """Writes `diagnosis.json` and the transcripts to the run `out`, if there is one.

    Raises `Mistake` for what is no model folder or no corpus, and where they do not fit each other.
    """
    logging.disable_progress_bar()
    named = _saved(model, wanted.device)
    template = template_for(named.path, corpus, wanted.template)
    tokenizer = _tokenizer(named.path, template)
    if NATIVE in wanted.forms:
        require_calls(template, "--form native", _OWN)
    with TemporaryDirectory(prefix="agentflan-") as scratch:
        work = Path(scratch)
        found = given(corpus, work / "built", wanted.seed, say)
        chosen = choose(found, wanted.limit, wanted.seed, everything=wanted.everything)
        written = [rewritten(chosen.items, found.folder, form, wanted.seed) for form in wanted.forms]
        length = _length(named.path, found.max_length)
        measured = [as_tokens(each, tokenizer, template, length, work / each.form) for each in written]
        said = Diagnosis(
            schema=SCHEMA,
            model=named.name,
            identity=named.identity,
            corpus=str(corpus),
            template=plugs.settings_of(template)["use"],
            rows="all" if wanted.everything or not found.held_out else "held_out",
            of=chosen.of,
            seed=wanted.seed,
            losses=_losses(named, measured, wanted.seed, say),
            calls=_calls(named, written[0].items, wanted, (out or work) / "diagnosis", say),
        )
    if out is not None:
        save(out / FILE, [msgspec.json.format(msgspec.json.encode(said), indent=1), b"\n"])
    return said


def _saved(text: str, device: Device) -> Hf:
    """The model as the evaluations see it."""
    found = None if "://" in text else model_named(text)
    if not isinstance(found, Hf):
        raise Mistake("only a saved model tells its losses", where=text, mend="name the folder of a saved model")
    if device == "cuda" and not torch.cuda.is_available():
        raise Mistake("torch sees no GPU", where="--device", mend="say `--device auto`")
    return msgspec.structs.replace(found, device=device)


def _length(model: Path, longest: int) -> int:
    """Tokens of the longest sequence that the model reads and the corpus has."""
    config: dict[str, Any] = msgspec.json.decode((model / "config.json").read_bytes())
    return min(longest, config.get("max_position_embeddings") or longest)


def _tokenizer(model: Path, template: Template) -> Tokenizer:
    """The model's own; marks that it lacks are not added, for nothing has taught the model what they are."""
    try:
        return fitted(load_tokenizer(model), template)
    except Mistake as lacking:
        raise Mistake(lacking.what, where=lacking.where or str(model), mend=_OWN) from lacking


def _losses(named: Hf, measured: Sequence[Measured], seed: int, say: Say) -> tuple[Losses, ...]:
    model = begin(ModelSettings(path=named.path), measured[0].tokens.folder / "tokenizer", seed)
    model.to(named.where)  # type: ignore[arg-type]
    return tuple(losses(model, one, seed, say) for one in measured)


def _calls(named: Hf, items: Sequence[Conversation], wanted: Wanted, folder: Path, say: Say) -> Calls | None:
    return calls(named, items, wanted.problems, wanted.seed, folder, say) if wanted.problems else None
