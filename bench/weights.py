"""Uniform, paper, release and learned weights at toy size, at equal trained tokens, over three seeds.

`python -m bench.weights [demo] [rows] [--save]` takes some 40 CPU-minutes in two processes of one thread each. What is
done is not done twice, so it can be cut off at any time; it works in `bench/.cache/weights/`. `--tiny` goes through all
of it and proves nothing but that it runs. `docs/weights.md` holds the tables that it prints.

Equal tokens: the arms of a seed are one corpus, one tokenizer, one base, the same batches in the same order; only the
weight of each token differs (`mode: weigh`). The learned weights come from the curves of that seed's uniform arm, on
one half of the held-out groups; every loss that is compared is on the other half.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from agentflan.core.chance import coin
from agentflan.core.types import CAPABILITIES
from agentflan.recipes.demo import write_demo
from agentflan.recipes.recipe import Arm, load
from agentflan.recipes.run import base_folder, build_all, tokenise_all
from agentflan.train.speed.curves import Curves, passes, read
from agentflan.train.speed.measure import measure
from agentflan.train.speed.propose import propose
from agentflan.transforms.rebalance import PRESETS
from bench.__main__ import save
from bench.figure import Figure

SEEDS = (0, 1, 2)
ARMS = ("uniform", "paper", "release", "learned")
CACHE = Path(__file__).parent / ".cache" / "weights"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARES = {"demo": 0.06, "rows": 0.2}
"""Of the groups, held out."""
T_90 = 2.92
"""The 95 % point of Student's t with two degrees of freedom: three seeds."""

ROWS = """\
seed: {seed}
vocabulary: 2048
corpus:
  sources:
    - {{use: fireact, path: {data}/fireact/*.jsonl, licence: MIT}}
    - {{use: llamafactory, path: {data}/llamafactory/glaive*.json}}
    - {{use: taubench, path: {data}/taubench/*.json*}}
    - {{use: agentinstruct, path: {data}/agentinstruct/*.json}}
  transforms: [finished_only, {{use: converse, react_share: 0.5}}]
  validation_share: {share}
  max_length: 512
train:
  {{steps: 240, batch_size: 8, sequence_length: 512, learning_rate: 1e-3, warmup_steps: 20, schedule: linear_tail,
   betas: [0.9, 0.98], threads: 1, validate_every: 8, save_every: 0}}
"""
DEMO = """\
base: demo.yaml
seed: {seed}
corpus: {{validation_share: {share}}}
train: {{validate_every: 10}}
"""


class Compared(Figure):
    """What is kept: every figure of every seed."""

    arms: dict[str, dict[str, list[float]]]
    learned: list[dict[str, tuple[float, float, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.weights", description=__doc__)
    parser.add_argument("corpora", nargs="*", default=[], help="demo, rows; both if none is named")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results/")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--side-by-side", type=int, default=2, metavar="N", help="processes at a time")
    parser.add_argument("--cell", nargs=3, metavar=("CORPUS", "SEED", "ARM"), help="one training alone")
    asked = parser.parse_args()
    place = CACHE / "tiny" if asked.tiny else CACHE
    if asked.cell:
        corpus, seed, arm = asked.cell
        cell(place, corpus, int(seed), arm, asked.tiny)
        return
    for corpus in asked.corpora or ("demo", "rows"):
        figure = compare(place, corpus, asked.tiny, asked.side_by_side)
        print("\n".join(table(figure)), flush=True)
        if asked.save and not asked.tiny:
            save(figure)


def compare(place: Path, corpus: str, tiny: bool, at_once: int) -> Compared:
    """Bases and uniform arms first, for the learned arm waits for its curves."""
    others = [(seed, arm) for arm in ("learned", "paper", "release") for seed in SEEDS]
    stages: list[list[tuple[int, str]]] = [
        [(seed, "base") for seed in SEEDS],
        [(seed, "uniform") for seed in SEEDS],
        others,
    ]
    for stage in stages:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda one: _process(place, corpus, one[0], one[1], tiny), stage))
    folders = {arm: [place / corpus / f"{seed}" / arm for seed in SEEDS] for arm in ARMS}
    return {
        "bench": f"weights_{corpus}",
        "value": None,
        "unit": "nats a token on held-out groups; shares for agent_h",
        "against": "uniform, the same seed",
        "ratio": None,
        "rounds": len(SEEDS),
        "arms": {arm: _figures(each) for arm, each in folders.items()},
        "learned": [json.loads((folder / "weights.json").read_text()) for folder in folders["learned"]],
    }


def _process(place: Path, corpus: str, seed: int, arm: str, tiny: bool) -> None:
    done = place / corpus / f"{seed}" / arm / "done"
    if not done.exists():
        words = [sys.executable, "-m", "bench.weights", "--cell", corpus, str(seed), arm, *["--tiny"] * tiny]
        subprocess.run(words, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        done.parent.mkdir(exist_ok=True)
        done.touch()


def cell(place: Path, corpus: str, seed: int, arm: str, tiny: bool) -> None:
    """One training of the comparison, or what all of a seed start from."""
    # imported here, in the process of one training: the one that starts them stays free of torch
    from agentflan.evals.run import evaluate
    from agentflan.models.hf import Hf
    from agentflan.recipes import arm as tuning
    from agentflan.train.run import train
    from agentflan.train.settings import ModelSettings, TrainSettings

    home = place / corpus / f"{seed}"
    recipe = _recipe(home, corpus, seed, tiny)
    loaded = load(recipe)[-1]  # of the demonstration's arms the one with all of its corpus
    base = base_folder(loaded, [loaded], home / "base")
    if arm == "base":
        build_all([loaded], home / "base", say=lambda _: None)
        tokenise_all([loaded], home / "base", say=lambda _: None)
        tuning.tune_base(_short(loaded, tiny), base)
        return
    run, weights = home / arm, _weights(home, arm)
    _tokens(home / "base" / loaded.folder / "tokens", run / "tokens", weights)
    (run / "weights.json").write_text(json.dumps(weights))
    settings = _short(loaded, tiny).recipe.train or TrainSettings()
    model = ModelSettings(path=base / "model") if loaded.base else settings.model
    every = settings.validate_every if arm == "uniform" else 0
    train(msgspec.structs.replace(settings, model=model, seed=seed, validate_every=every), run / "tokens", run)
    for _, benchmark in loaded.benchmarks:
        answering = Hf(path=run / "model", max_new_tokens=16 if tiny else loaded.recipe.max_new_tokens)
        evaluate(answering, benchmark, run, limit=20 if tiny else None)


def _recipe(home: Path, corpus: str, seed: int, tiny: bool) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    if corpus == "demo" and not (home / "demo.yaml").exists():
        write_demo(home, seed)
    share = 0.02 if tiny else SHARES[corpus]
    (home / "weights.yaml").write_text((DEMO if corpus == "demo" else ROWS).format(seed=seed, data=DATA, share=share))
    return home / "weights.yaml"


def _short(arm: Arm, tiny: bool) -> Arm:
    if not tiny:
        return arm
    recipe, replace = arm.recipe, msgspec.structs.replace
    train = replace(recipe.train, steps=16, validate_every=2) if recipe.train else None
    pretrain = replace(recipe.pretrain, train=replace(recipe.pretrain.train, steps=4)) if recipe.pretrain else None
    return arm._replace(recipe=replace(recipe, train=train, pretrain=pretrain))


def _tokens(source: Path, folder: Path, weights: dict[str, Any]) -> None:
    """The same tokens with other weights, as `rebalance` with `mode: weigh` would give them."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    factors = np.array([1.0, *(weights.get(name, (1.0,))[0] for name in CAPABILITIES)], dtype=np.float32)
    own, capability = np.load(folder / "weight.npy"), np.load(folder / "capability.npy")
    np.save(folder / "weight.npy", own * factors[capability])


def _weights(home: Path, arm: str) -> dict[str, Any]:
    """Capability -> weight and the ends of its interval. Without a proposal it is left out, and keeps 1."""
    if arm != "learned":
        return {name: (share, share, share) for name, share in PRESETS[arm].items()}
    curves = read(home / "uniform" / "train" / "validation.jsonl")
    return propose(measure(_half(curves, home / "uniform", "fit")), {}).weights


def _half(curves: Curves, run: Path, which: str) -> Curves:
    """The curves of the groups that serve to `fit`, or of those that serve to compare."""
    groups = passes(run / "train" / "validation.jsonl")[0].groups
    kept = np.array([(coin("half", group) < 0.5) == (which == "fit") for group in groups])
    return curves._replace(
        sums={name: sums[:, kept] for name, sums in curves.sums.items()},
        counts={name: counts[kept] for name, counts in curves.counts.items()},
    )


def _figures(runs: Sequence[Path]) -> dict[str, list[float]]:
    """Name -> a figure for each seed."""
    found: dict[str, list[float]] = {}
    for run in runs:
        curves = _half(read(run / "train" / "validation.jsonl"), run, "compare")
        for name in curves.sums:
            found.setdefault(f"loss {name}", []).append(float(curves.pooled(name)[-1]))
        for file in run.glob("evals/agent_h/scores.json"):
            metrics = json.loads(file.read_bytes())["metrics"]
            for name in ("right_tool", "right_arguments", "h_score", "balanced"):
                found.setdefault(name, []).append(metrics[name])
    return found


def table(figure: Compared) -> Iterator[str]:
    """As Markdown: means over seeds with their range, and the difference to uniform with a 90 % interval."""
    arms, rest = figure["arms"], ARMS[1:]
    yield f"| {figure['bench'].removeprefix('weights_')} | uniform | {' | '.join(rest)} |"
    yield "|---" * (1 + len(ARMS)) + "|"
    for name, uniform in arms["uniform"].items():
        cells = [f"{statistics.fmean(uniform):.3f} ({min(uniform):.3f} to {max(uniform):.3f})"]
        for arm in rest:
            apart = [value - other for value, other in zip(arms[arm][name], uniform, strict=True)]
            middle, wide = statistics.fmean(apart), T_90 * statistics.stdev(apart) / len(apart) ** 0.5
            interval = f"{middle:+.3f} [{middle - wide:+.3f}, {middle + wide:+.3f}]"
            cells.append(f"{statistics.fmean(arms[arm][name]):.3f}, {interval}{' *' if abs(middle) > wide else ''}")
        yield f"| {name} | {' | '.join(cells)} |"
    for seed, weights in zip(SEEDS, figure["learned"], strict=True):
        told = ", ".join(f"{name} {value:.2f} [{low:.2f}, {high:.2f}]" for name, (value, low, high) in weights.items())
        kept = ", ".join(name for name in CAPABILITIES if name not in weights)
        yield f"\nLearned, seed {seed}: {told}{f'; none proposed: {kept}' if kept else ''}."


if __name__ == "__main__":
    main()
