"""A dry run says how much, how long, how large and by which command, as well as can be known, and writes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentflan.cli.forecasts import forecast_text
from agentflan.recipes.demo import rows
from agentflan.recipes.forecast import launch

CHAIN = "[finished_only, {use: converse, listing: signature}, {use: negatives, count: 40, ordinary_count: 0}]"


def dry(folder: Path, recipe: object, *more: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "agentflan", "run", str(recipe), "--dry-run", "--json", *map(str, more)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout).values()
    return dict(told)


def written(folder: Path, count: int, train: str = "{}") -> Path:
    (folder / "rows").mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows.searches(0, count))
    (folder / "rows" / "toolbench.jsonl").write_text(text)
    path = folder / "r.yaml"
    path.write_text(
        "vocabulary: 400\n"
        f"corpus: {{sources: [{{use: toolbench, path: rows/toolbench.jsonl}}], transforms: {CHAIN}}}\n"
        f"train: {train}\n"
    )
    return path


@pytest.mark.parametrize(
    ("name", "gpus", "machines", "parameters", "steps"),
    [
        ("agent_flan_7b", 16, 2, 6_738_415_616, 139),
        ("agent_flan_13b", 32, 4, 13_015_864_320, 139),
        ("agent_flan_70b", 128, 16, 68_976_648_192, 35),
    ],
)
def test_the_papers_recipes_tell_all_without_rows_or_models(
    tmp_path: Path, name: str, gpus: int, machines: int, parameters: int, steps: int
) -> None:
    told = dry(tmp_path, name, "--rate", 1000)
    assert (told["gpus"], told["parameters"], told["steps"]) == (gpus, parameters, steps)
    assert (told["tokens"], told["sequences"]) == (18_100_000, 34_442)
    assert "no rows are here" in told["counted"]
    assert told["memory_per_gpu_gib"]["peak"] < 80
    assert told["minutes"] == pytest.approx(18.1e6 * 0.98 / 1000 / gpus / 60, rel=0.01)
    assert f"torchrun --nnodes {machines} " in told["launch"]
    assert f"--nproc-per-node 8 -m agentflan train {name} -o runs/{name}" in told["launch"]
    assert list(tmp_path.iterdir()) == []


def test_the_words_name_every_part_of_a_small_model_and_of_a_large_one(tmp_path: Path) -> None:
    small = forecast_text({"r": dry(tmp_path, written(tmp_path, 40, "{batch_size: 2, sequence_length: 256}"))})
    assert "MiB on one device at the peak" in small
    assert "not all at once: weights" in small
    large = forecast_text({"r": dry(tmp_path, "agent_flan_7b")})
    assert "GiB on each of 16 GPUs at the peak, for 6,738,415,616 parameters" in large
    assert "of the layer at hand, its gradients and what is worked out again" in large
    assert "backend trainer, fsdp\n" in large
    assert "{" not in large


def test_other_gpus_can_be_asked_for(tmp_path: Path) -> None:
    few, many = (dry(tmp_path, "agent_flan_7b", "--gpus", gpus) for gpus in (4, 64))
    assert few["memory_per_gpu_gib"]["peak"] > many["memory_per_gpu_gib"]["peak"]
    assert "minutes" not in few
    assert few["launch"].startswith("torchrun --nproc-per-node 4 -m agentflan train")


def test_a_command_for_one_gpu_needs_no_launcher() -> None:
    assert launch("my recipe.yaml", Path("out"), 1) == "agentflan train 'my recipe.yaml' -o out"
    assert "--nnodes 2 " in launch("r", Path("out"), 12)
    assert "--nproc-per-node 6 " in launch("r", Path("out"), 12)


def test_a_sample_foretells_what_is_then_counted(tmp_path: Path) -> None:
    """Five megabytes of rows, of which two are looked at; then the real thing."""
    recipe = written(tmp_path, 6000, "{steps: 10, batch_size: 4}")
    before = dry(tmp_path, recipe, "-o", "out")
    assert before["counted"].startswith("a sample of")
    assert not (tmp_path / "out").exists()
    done = subprocess.run(
        [sys.executable, "-m", "agentflan", "tokenise", str(recipe), "-o", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = dry(tmp_path, recipe, "-o", "out")
    assert after["counted"] == "counted in out/tokens"
    assert after["tokens"] == json.loads((tmp_path / "out" / "tokens" / "ledger.json").read_text())["tokens"]["total"]
    assert before["sequences"] == pytest.approx(after["sequences"], rel=0.05)
    assert (before["steps"], after["steps"]) == (10, 10)


def test_the_steps_foretold_are_those_taken(tmp_path: Path) -> None:
    recipe = written(
        tmp_path, 40, "{batch_size: 4, threads: 1, model: {scratch: {hidden_size: 16, layers: 1, heads: 2}}}"
    )
    done = subprocess.run(
        [sys.executable, "-m", "agentflan", "train", str(recipe), "-o", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out" / "train" / "metrics.jsonl").read_text().splitlines()]
    assert dry(tmp_path, recipe, "-o", "out")["steps"] == max(line["step"] for line in lines)
