"""A recipe: what to build, tune and measure. Every key has a default but `corpus.sources`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.core import kinds, plugs
from agentflan.core.errors import Mistake, Mistakes, nearest
from agentflan.corpus.settings import Corpus, CorpusSettings, load_corpus
from agentflan.evals.budget import FREE, Budget
from agentflan.recipes.check import convert, mistakes
from agentflan.recipes.text import Places, Text, merge, read
from agentflan.train.settings import TrainSettings


class Pretrain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `pretrain:` block: a base from scratch, trained once and shared by all arms of a seed."""

    corpus: CorpusSettings
    train: TrainSettings


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a recipe file; `base:` is resolved before."""

    corpus: CorpusSettings
    seed: int = 0
    vocabulary: int = 4096
    """Size of the tokenizer trained on the corpus, where the model starts from scratch."""
    pretrain: Pretrain | None = None
    train: TrainSettings | None = None
    """None: the corpus is built and nothing is tuned."""
    evals: tuple[str | dict[str, Any], ...] = ()
    max_new_tokens: int = 512
    """Of one reply in the evals; decoding is greedy."""
    episode: Budget = FREE
    """What an episode in a world may take beside its steps, such as `{tokens: 20000, seconds: 600}`."""
    arms: dict[str, dict[str, Any]] = {}
    """Arm -> the keys in which it differs; one run folder per arm and seed."""
    seeds: tuple[int, ...] = ()
    """None given: `seed` alone."""
    gpus: int = 1
    """What `--dry-run` reckons with, if it is not told; a run takes those it is launched on."""
    caveats: tuple[str, ...] = ()
    """Sentences printed with the result: what this run does not show."""


class Arm(NamedTuple):
    """One run: a recipe with an arm's overrides and a seed, its plugs loaded."""

    name: str
    """Empty when the recipe has no arms."""
    seed: int
    recipe: Recipe
    data: dict[str, Any]
    """The same as plain values: the resolved recipe."""
    corpus: Corpus
    base: Corpus | None
    """The corpus of the pretrained base."""
    benchmarks: tuple[tuple[str, kinds.Benchmark], ...]
    places: Places
    """Where each key stands."""

    @property
    def folder(self) -> str:
        """Name of the run folder below the output folder; empty: the output folder itself."""
        return self.name


def load(recipe: str | Path, *, rows: bool = True) -> tuple[Arm, ...]:
    """Reads and checks a recipe with all its arms and plugs; raises one Mistakes with everything that is wrong.

    Without `rows`, files that are not there are no mistake.
    """
    text = read(recipe)
    found: dict[str, Mistake] = {str(one): one for one in mistakes(text.data, Recipe, "")}
    arms: list[Arm] = []
    if not found:
        for name, seed, data in _variants(text):
            try:
                arms.append(_arm(name, seed, data, text, rows))
            except Mistakes as several:
                found.update((str(one), one) for one in several.found)
    if found:
        raise Mistakes(placed(one, text.places, str(recipe)) for one in found.values())
    return tuple(arms)


def vocabulary_folder(train: TrainSettings | None, corpus: Corpus) -> Path | None:
    """Whose tokenizer reads the corpus: the model's, or else that of the template's folder. None: one is learned."""
    if train is not None and train.model.path is not None:
        return train.model.path
    return corpus.template.path if isinstance(corpus.template, kinds.OfFolder) else None


def longest(corpus: Corpus, *blocks: TrainSettings | None) -> int:
    """Tokens of a sequence at most: what the corpus says, and no more than training takes and the model reads."""
    lengths = [corpus.settings.max_length]
    for train in blocks:
        if train is not None:
            lengths.append(train.sequence_length)
            lengths += [train.model.scratch.max_positions] if train.model.scratch is not None else []
    return min(lengths)


def _variants(text: Text) -> Iterator[tuple[str, int, dict[str, Any]]]:
    data = {key: value for key, value in text.data.items() if key not in ("arms", "seeds")}
    seeds = text.data.get("seeds") or [text.data.get("seed", 0)]
    for seed in seeds:
        for arm, over in (text.data.get("arms") or {"": {}}).items():
            name = arm if len(seeds) == 1 else f"{arm or 'run'}-seed{seed}"
            yield name, seed, {**merge(data, over), "seed": seed}


def _arm(name: str, seed: int, data: dict[str, Any], text: Text, rows: bool) -> Arm:
    found = mistakes(data, Recipe, "")
    if found:
        raise Mistakes(found)
    recipe: Recipe = convert(data, Recipe, folder=text.folder)
    found += misfits(recipe)
    corpus = base = None
    benchmarks: list[tuple[str, kinds.Benchmark]] = []
    try:
        corpus = load_corpus(recipe.corpus, folder=text.folder, seed=seed, rows=rows)
    except Mistakes as several:
        found += several.found
    if recipe.pretrain:
        try:
            base = load_corpus(recipe.pretrain.corpus, folder=text.folder, seed=seed, rows=rows)
        except Mistakes as several:
            found += (_under("pretrain.", one) for one in several.found)
    for number, entry in enumerate(recipe.evals):
        try:
            plug = plugs.load("benchmark", entry, folder=text.folder, seed=seed, where=f"evals[{number}]")
            benchmarks.append((entry if isinstance(entry, str) else entry["use"], plug))
        except Mistakes as several:
            found += several.found
        except Mistake as one:
            found.append(one)
    if found or corpus is None:
        raise Mistakes(found)
    return Arm(name, seed, recipe, data, corpus, base, tuple(benchmarks), text.places)


def _under(prefix: str, mistake: Mistake) -> Mistake:
    return Mistake(mistake.what, where=prefix + mistake.where, mend=mistake.mend)


def misfits(recipe: Recipe) -> Iterator[Mistake]:
    """Settings that are right by themselves and not with each other."""
    train = recipe.train
    if train is None:
        return
    entry: dict[str, Any] = {"use": train.backend} if isinstance(train.backend, str) else train.backend
    if entry.get("use") not in (known := plugs.names("backend")) and ":" not in str(entry.get("use")):
        what = f"there is no backend named {entry.get('use')!r}"
        yield Mistake(what, where="train.backend", mend=nearest(str(entry.get("use")), known))
    if entry.get("use") == "loop":
        for key in entry.keys() - {"use"}:
            what = f"`loop` runs on one device and has no setting {key!r}"
            yield Mistake(what, where=f"train.backend.{key}", mend="say `use: trainer`")
        if recipe.gpus > 1:
            yield Mistake("`loop` runs on one device", where="gpus", mend="say `train: {backend: trainer}`")
    if train.keep == "best" and recipe.corpus.validation_share <= 0:
        what = "`best` needs sequences to validate on, and none are held out"
        yield Mistake(what, where="train.keep", mend="raise `corpus.validation_share`, or say `last`")
    if train.lora is not None:
        if train.model.path is None and recipe.pretrain is None and not train.lora.merge:
            mend = "name a `model: {path: ...}`, or say `merge: true`"
            yield Mistake("adapters of random weights have nothing to lie beside", where="train.lora", mend=mend)
        if recipe.corpus.add_marks and not train.lora.embeddings:
            what = "adapters alone do not train the rows that `add_marks` adds to the embedding"
            mend = "say `{embeddings: true, merge: true}`, or `corpus: {add_marks: false}`"
            yield Mistake(what, where="train.lora", mend=mend)


def placed(mistake: Mistake, places: Places, file: str) -> Mistake:
    """The mistake with the line of its key, or of the nearest key above it."""
    key = mistake.where
    while key and key not in places:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    place = places.get(key, file)
    return Mistake(mistake.what, where=f"{place}: {mistake.where}" if mistake.where else place, mend=mistake.mend)
