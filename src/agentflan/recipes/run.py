"""A recipe from raw rows to the report: build, tokenise, train, eval, report; a finished stage is not done twice.

This half needs no torch. What does runs in processes of its own (`arm.py`), the arms side by side.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from ruamel.yaml import YAML
from tokenizers import Tokenizer

from agentflan.core import kinds, plugs
from agentflan.core.children import end_with_parent, ending_children
from agentflan.core.digest import sha256_of
from agentflan.core.errors import Mistake
from agentflan.core.ranks import world
from agentflan.corpus import manifest
from agentflan.corpus.building import frames, replies
from agentflan.corpus.building.build import Share, Unfinished, build
from agentflan.corpus.engines.local import Local
from agentflan.corpus.settings import Corpus
from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.arrays import ARRAYS
from agentflan.corpus.tokens.shape import layout
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import load_tokenizer, train_bpe
from agentflan.recipes.recipe import Arm, longest, vocabulary_folder

Say = Callable[[str], None]


class How(NamedTuple):
    """Who does the work of building; the corpus does not show it."""

    engine: kinds.Engine = Local()
    share: Share | None = None


HERE = How()


def run_folder(arm: Arm, out: Path) -> Path:
    return out / arm.folder if arm.folder else out


def base_folder(arm: Arm, arms: Sequence[Arm], out: Path) -> Path:
    """Where the pretrained base of an arm lies; arms of one seed share it."""
    several = len({each.seed for each in arms}) > 1
    return out / (f"base-seed{arm.seed}" if several else "base")


def build_all(
    arms: Sequence[Arm], out: Path, how: How = HERE, *, offline: bool = False, paid: Path | None = None, say: Say
) -> list[dict[str, Any]]:
    """Builds the corpus of every arm, and of the bases they start from. Returns the arms' ledgers.

    `paid` is the file of replies that all of them share; None: the one in `out`. With `offline` a row that waits for
    one is a Mistake. Raises Unfinished when it is one share of a build, has done all it can, and others are not done.
    """
    paid = paid or out / replies.NAME
    bases = [(arm.base, base_folder(arm, arms, out)) for arm in _first_of_each_seed(arms) if arm.base]
    left = [
        _build(corpus, run, how, paid, offline, say)
        for corpus, run in [*bases, *((arm.corpus, run_folder(arm, out)) for arm in arms)]
    ]
    if any(left):
        raise Unfinished("\n".join(filter(None, left)))
    ledgers = []
    for arm in arms:
        run = run_folder(arm, out)
        with (run / "recipe.yaml").open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump(resolved(arm), stream)
        ledgers.append(msgspec.json.decode((run / "corpus" / "ledger.json").read_bytes()))
    return ledgers


def resolved(arm: Arm) -> dict[str, Any]:
    """The recipe of one arm with every default spelled out."""
    data: dict[str, Any] = msgspec.to_builtins(arm.recipe, enc_hook=str)
    data["corpus"]["transforms"] = [plugs.settings_of(entry) for entry in arm.corpus.entries]
    data["corpus"]["template"] = plugs.settings_of(arm.corpus.template)
    data["evals"] = [plugs.settings_of(benchmark) for _, benchmark in arm.benchmarks]
    return data


def tokenise_all(arms: Sequence[Arm], out: Path, *, say: Say) -> list[dict[str, Any]]:
    """Tokens of every arm's corpus and of the bases. Returns the arms' ledgers."""
    ledgers = []
    tokenizers: dict[int, Tokenizer] = {}
    for arm in arms:
        base = base_folder(arm, arms, out)
        before = arm.recipe.pretrain.train if arm.recipe.pretrain else None
        if arm.seed not in tokenizers or not arm.base:
            tokenizers[arm.seed] = _tokenizer(arm, [each for each in arms if each.seed == arm.seed], base, out, say)
            if arm.base:
                _tokenise(arm.base, base, tokenizers[arm.seed], longest(arm.base, before), say)
        run = run_folder(arm, out)
        _tokenise(arm.corpus, run, tokenizers[arm.seed], longest(arm.corpus, arm.recipe.train, before), say)
        ledgers.append(msgspec.json.decode((run / "tokens" / "ledger.json").read_bytes()))
    return ledgers


def tune_all(arms: Sequence[Arm], out: Path, *, say: Say) -> None:
    """Trains the bases, then every arm that has a `train:` block; processes of a launcher train each one together."""
    run = side_by_side if world() == 1 else _together
    based = [(arm, base_folder(arm, arms, out)) for arm in _first_of_each_seed(arms) if arm.base]
    say_arms = ", ".join(arm.name or "the run" for arm in arms)
    if based:
        say("training the base")
        run("agentflan.recipes.arm:tune_base", [(arm, base) for arm, base in based])
    say(f"training {say_arms}")
    run(
        "agentflan.recipes.arm:tune",
        [(arm, run_folder(arm, out), base_folder(arm, arms, out)) for arm in arms if arm.recipe.train or arm.base],
    )


def measure_all(arms: Sequence[Arm], out: Path, *, say: Say) -> None:
    """Runs every arm's benchmarks on its tuned model."""
    say("evaluating")
    side_by_side("agentflan.recipes.arm:measure", [(arm, run_folder(arm, out)) for arm in arms if arm.benchmarks])


def report_on(out: Path, *, say: Say) -> Path:
    """Writes the page over all arms."""
    say("writing the report")
    (page,) = side_by_side("agentflan.report.page:write_report", [(out,)])
    return Path(page)


def scores_of(arms: Sequence[Arm], out: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Arm -> benchmark -> metric -> value, of the arms that were measured."""
    files = {arm.name or "run": run_folder(arm, out) / "scores.json" for arm in arms}
    return {name: msgspec.json.decode(file.read_bytes())["benchmarks"] for name, file in files.items() if file.exists()}


def _first_of_each_seed(arms: Sequence[Arm]) -> Iterator[Arm]:
    seen: set[int] = set()
    for arm in arms:
        if arm.seed not in seen:
            seen.add(arm.seed)
            yield arm


def _build(corpus: Corpus, run: Path, how: How, paid: Path, offline: bool, say: Say) -> str:
    """What is left for other shares to do; empty when the corpus is there."""
    found = replies.load(paid) if corpus.settings.replies == "asked" else None
    read = [file for source in corpus.sources for file in source.files]
    read += [file for _, transform in corpus.transforms for file in plugs.files_of(transform)]
    inputs = {str(file): sha256_of(file) for file in read}
    made_from = [
        {**msgspec.to_builtins(corpus.settings, enc_hook=str), "ask": None},  # who replies shows in the replies
        [plugs.settings_of(transform) for _, transform in corpus.transforms],
        corpus.seed,
        inputs,
        found,
    ]
    wanted = manifest.product(run, "build", made_from, ["corpus", "trajectories"], inputs)
    if wanted.is_there():
        say(f"{run}: corpus is there already")
    else:
        try:
            build(corpus, run, engine=how.engine, share=how.share, replies=found, product=wanted, say=say)
        except Unfinished as left:
            return f"{run}: {left}"
        say(f"{run}: corpus built")
    waiting = run / "corpus" / "pending.jsonl"
    if offline and waiting.exists() and waiting.stat().st_size:
        raise Mistake("rows wait for replies", where=str(waiting), mend="`agentflan ask`, or say `replies: offline`")
    return ""


def _tokenizer(arm: Arm, siblings: Sequence[Arm], base: Path, out: Path, say: Say) -> Tokenizer:
    """The model's own, or the template's; without either a BPE over all corpora that the model will see."""
    train = arm.recipe.pretrain.train if arm.recipe.pretrain else arm.recipe.train
    if (own := vocabulary_folder(train, arm.corpus)) is not None:
        return load_tokenizer(own)
    folders = [base, *(run_folder(each, out) for each in siblings)] if arm.base else [run_folder(arm, out)]
    home = folders[0]
    path = home / "tokenizer.json"
    made_from = [arm.recipe.vocabulary, [manifest.load(folder).stages["build"].key for folder in folders]]

    def learn() -> None:
        say(f"learning a vocabulary of {arm.recipe.vocabulary}")
        texts = (
            rendered.text
            for folder in folders
            for conversation in conversations(folder / "corpus")
            if (rendered := layout(arm.corpus.template, conversation))
        )
        tokenizer = train_bpe(texts, arm.recipe.vocabulary, arm.corpus.template)
        frames.save(path, [tokenizer.to_str().encode()])

    manifest.once(home, "tokenizer", made_from, ["tokenizer.json"], learn)
    return Tokenizer.from_file(str(path))


def _tokenise(corpus: Corpus, run: Path, tokenizer: Tokenizer, most: int, say: Say) -> None:
    settings = corpus.settings
    made_from = [
        manifest.load(run).stages["build"].key,
        tokenizer.to_str(),
        settings.validation_share,
        most,
        settings.add_marks,
        corpus.template.jinja,
        corpus.seed,
        ARRAYS,
    ]
    done = manifest.once(
        run,
        "tokenise",
        made_from,
        ["tokens"],
        lambda: tokenise(
            run / "corpus",
            run / "tokens",
            tokenizer,
            corpus.template,
            validation_share=settings.validation_share,
            seed=corpus.seed,
            max_length=most,
            add_marks=settings.add_marks,
        ),
    )
    say(f"{run}: tokens {'written' if done else 'are there already'}")
    ledger = msgspec.json.decode((run / "tokens" / "ledger.json").read_bytes())
    if ledger["cut"]:
        say(f"{run}: {ledger['cut']:,} conversations are cut behind the last reply that ends within {most:,} tokens")
    for reason, count in ledger["skipped"].items():
        say(f"{run}: {count:,} conversations are left out: {reason}")


def side_by_side(function: str, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Runs `module:function` once per call, each in a process of its own, as many at once as there are cores.

    Several busy cores with several threads each cost 5 to 10 times the time, hence one thread a process then.
    """
    if not calls:
        return []
    at_once = min(len(calls), os.cpu_count() or 1)
    pool = ProcessPoolExecutor(at_once, get_context("spawn"), _begin_child, (at_once > 1,), max_tasks_per_child=1)
    with pool, ending_children():
        return [future.result() for future in [pool.submit(_call, function, call) for call in calls]]


def _together(function: str, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Runs `module:function` once per call in this process, which a launcher started, as in all the others."""
    return [_call(function, call) for call in calls]


def _begin_child(one_thread: bool) -> None:
    end_with_parent()
    if one_thread:
        os.environ["OMP_NUM_THREADS"] = "1"


def _call(function: str, arguments: tuple[Any, ...]) -> Any:
    # imported by name, in the child alone: the parent stays free of torch and matplotlib and starts at once
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)(*arguments)
