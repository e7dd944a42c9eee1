"""What a person means by a corpus: a run, its corpus or its tokens, or a file of raw rows; and what is chosen of it."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.core import plugs
from agentflan.core.chance import coin
from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Template
from agentflan.core.types import Conversation
from agentflan.corpus.building.build import Say, build
from agentflan.corpus.checking.recognise import File, recognise
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations, trajectories
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.report.diagnosis.record import Form
from agentflan.report.runs import corpus_settings
from agentflan.report.shown import corpus_of
from agentflan.transforms.converse import Converse


class Given(NamedTuple):
    """A corpus on disk, ours or just built from raw rows."""

    folder: Path
    """With `corpus/`, `trajectories/`, and perhaps `tokens/`."""
    max_length: int
    held_out: frozenset[str]
    """Ids that the run's training never saw; empty where nothing is tokenised."""


class Chosen(NamedTuple):
    items: list[Conversation]
    of: int


class Written(NamedTuple):
    """What was chosen, in one form."""

    form: Form
    items: list[Conversation]
    left: Counter[str]
    """Why some cannot be written so -> how many."""


def given(path: Path, work: Path, seed: int, say: Say) -> Given:
    """Rows that are no corpus yet are built into `work`. Raises `Mistake` for what is neither."""
    if path.is_file():
        return Given(work, _built(path, work, seed, say).max_length, frozenset())
    run = _run_of(path)
    return Given(run, corpus_settings(run).max_length, _held_out(run / "tokens"))


def choose(found: Given, limit: int, seed: int, *, everything: bool) -> Chosen:
    """At most `limit` conversations by coin: the same in any order, and fewer of them are among more of them."""
    seen = 0

    def candidates() -> Iterable[Conversation]:
        nonlocal seen
        for item in conversations(found.folder / "corpus"):
            if everything or not found.held_out or item.id in found.held_out:
                seen += 1
                yield item

    items = nsmallest(limit, candidates(), key=lambda item: (coin(seed, "diagnose", item.id), item.id))
    if not items:
        raise Mistake("holds no conversation", where=str(found.folder), mend="see corpus/ledger.json for what left it")
    return Chosen(items, seen)


def rewritten(items: Sequence[Conversation], folder: Path, form: Form, seed: int) -> Written:
    """The agents' conversations written anew, from their trajectories. The others stay.

    A grammar of a task's own becomes `talk` alone, as in `converse`.
    """
    if form == "as_built":
        return Written(form, list(items), Counter())
    agents = {item.id for item in items if item.kind == "agent"}
    write: Any = dict(Converse(seed=seed).parts())["write"]
    left: Counter[str] = Counter()
    anew: dict[str, Conversation] = {}
    for row in trajectories(folder / "trajectories") if agents else ():
        if row.id not in agents:
            continue
        own = form == "talk" or row.dialect in ("", "react", "talk", "fenced", NATIVE)
        outcome = write(msgspec.structs.replace(row, dialect=form) if own else row)
        if isinstance(outcome, Conversation):
            anew[row.id] = outcome
        else:
            left[outcome.reason] += 1
    if gone := len(agents) - len(anew) - left.total():
        left["no_trajectory"] = gone
    kept = [anew.get(item.id, item) for item in items if item.id in anew or item.id not in agents]
    return Written(form, kept, left)


def template_for(model: Path, path: Path, name: str | None) -> Template:
    """One by its name, or the corpus' own. `model` is that of the model's folder, as for rows that are no corpus yet.

    Raises `Mistake` where there is none.
    """
    spec: Any = name
    folder = Path()
    if name == "model" or (name is None and path.is_file()):
        spec = {"use": "model", "path": str(model.resolve())}
    elif name is None:
        folder = _run_of(path)
        spec = corpus_settings(folder).template
    template: Template = plugs.load("template", spec, folder=folder, where="--template")
    return template


def _run_of(path: Path) -> Path:
    if not path.exists():
        mend = "give a run, its corpus or its tokens folder, or a file of raw rows"
        raise Mistake("no such file or folder", where=str(path), mend=mend)
    return corpus_of(path).parent


def _built(path: Path, work: Path, seed: int, say: Say) -> CorpusSettings:
    known = recognise(File(path))
    if not known.name:
        raise Mistake("no source reads this file", where=str(path), mend="`agentflan check` says what is wrong with it")
    say(f"{path}: {known.name}")
    entry = {"use": known.name, "path": glob.escape(str(path.resolve()))}
    settings = CorpusSettings(sources=(entry,), transforms=({"use": "converse"},))
    build(load_corpus(settings, folder=Path(), seed=seed), work, say=say)
    return settings


def _held_out(tokens: Path) -> frozenset[str]:
    if not (tokens / "ids.npy").is_file():
        return frozenset()
    opened = Tokens.open(tokens)
    return frozenset(name for name, held in zip(opened.names(), opened.validation, strict=True) if held)
