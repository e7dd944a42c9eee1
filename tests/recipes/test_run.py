"""A recipe runs from raw rows to the report; what is done is not done twice; a dry run touches nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentflan.corpus.verify import verify
from agentflan.recipes.demo import pretraining, rows

RECIPE = """\
seed: 3
vocabulary: 400
max_new_tokens: 8
pretrain:
  corpus:
    sources: [{use: sharegpt, path: rows/base.jsonl}]
    transforms: [converse]
  train:
    {steps: 2, batch_size: 4, threads: 1, model: {scratch: {hidden_size: 32, layers: 1, heads: 2, max_positions: 4096}}}
corpus:
  sources:
    - {use: toolbench, path: rows/toolbench.jsonl, licence: Apache-2.0}
    - {use: sharegpt, path: rows/chat.jsonl}
  transforms:
    - finished_only
    - {use: converse, listing: signature}
    - {use: negatives, count: 4}
  validation_share: 0.2
train: {steps: 2, batch_size: 4, threads: 1}
evals: [{use: agent_h, count: 10}]
caveats: ["Nothing is learned in two steps."]
arms:
  plain: {corpus: {transforms: [finished_only, {use: converse, listing: signature}]}}
  whole: {}
"""


def agentflan(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentflan", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "rows").mkdir()
    made = {"base": list(pretraining.documents(0))[-40:], "toolbench": rows.searches(0, 30), "chat": rows.chats(0, 30)}
    for name, items in made.items():
        (folder / "rows" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in items))
    path = folder / "tiny.yaml"
    path.write_text(RECIPE)
    return path


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(recipe: Path, tmp_path: Path) -> None:
    told = agentflan("run", recipe, "-o", tmp_path / "out", "--dry-run", "--json")
    assert told.returncode == 0, told.stderr
    plan = json.loads(told.stdout)
    assert [Path(name).name for name in plan] == ["base", "plain", "whole"]
    train = plan[str(tmp_path / "out" / "whole")]["train"]
    assert (train["model"], train["steps"], train["batch_size"], train["backend"]["use"]) == (
        "pretrained",
        2,
        4,
        "loop",
    )
    assert not (tmp_path / "out").exists()


def test_everything_once(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = agentflan("run", recipe, "-o", out)
    assert told.returncode == 0, told.stderr
    assert "Nothing is learned in two steps." in told.stdout
    assert str(out / "report.html") in told.stdout
    for arm in ("plain", "whole"):
        for name in ("recipe.yaml", "manifest.json", "corpus/ledger.json", "tokens/ledger.json", "train/metrics.jsonl"):
            assert (out / arm / name).is_file(), name
        scores = json.loads((out / arm / "scores.json").read_text())
        assert scores["benchmarks"]["agent_h"]["n/tools_relevant"] == 2
        assert (out / arm / "evals" / "agent_h" / "transcripts.jsonl").read_text().count("\n") == 10
    assert not verify(out).wrong
    assert "whole" in (out / "report.html").read_text()

    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.suffix != ".html"}
    again = agentflan("run", recipe, "-o", out, "--json")
    assert again.returncode == 0, again.stderr
    assert set(json.loads(again.stdout)["scores"]) == {"plain", "whole"}
    kept = {path: path.stat().st_mtime_ns for path in before}
    assert [path for path in before if kept[path] != before[path] and path.name != "recipe.yaml"] == []


def test_a_changed_setting_does_only_what_depends_on_it(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert agentflan("tokenise", recipe, "-o", out).returncode == 0
    corpus = (out / "whole" / "corpus" / "part-00000.parquet").stat().st_mtime_ns
    changed = recipe.with_name("changed.yaml")
    changed.write_text(RECIPE.replace("vocabulary: 400", "vocabulary: 450"))
    assert agentflan("tokenise", changed, "-o", out).returncode == 0
    assert (out / "whole" / "corpus" / "part-00000.parquet").stat().st_mtime_ns == corpus
    tokens = json.loads((out / "whole" / "tokens" / "tokenizer" / "tokenizer.json").read_text())
    assert len(tokens["model"]["vocab"]) > 400


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "absent.yaml", "-o", "out"), "there is no recipe 'absent.yaml'"),
        (("build", "agent_flan_8b", "-o", "out"), "did you mean 'agent_flan_7b'?"),
        (("eval", "absent", "--on", "agent_h", "-o", "out"), "absent"),
        (("eval", "scripted:golden", "--on", "agent_h", "-o", "out"), "gold"),
        (("eval", "scripted:gold", "--on", "agent_hh", "-o", "out"), "did you mean 'agent_h'?"),
        (("eval", "scripted:gold", "--on", "{use: agent_h, cont: 5}", "-o", "out"), "did you mean 'count'?"),
        (("eval", "scripted:gold", "--on", "{use: agent_h", "-o", "out"), "--on:1: this is no YAML"),
        (("check", "absent.json"), "there is no such file"),
        (("show", "absent"), "absent"),
        (("report", "absent"), "absent"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "agentflan", *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert told.returncode == 2, told.stderr
    assert said in told.stderr
    assert "Traceback" not in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_model_folder_that_is_none_stops_a_recipe(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "rows").symlink_to(recipe.parent / "rows")
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "corpus:\n  sources: [{use: sharegpt, path: rows/chat.jsonl}]\n  transforms: [converse]\n"
        "train: {model: {path: rows}}\n"
    )
    told = agentflan("run", path, "-o", tmp_path / "out")
    assert told.returncode == 2, told.stderr
    assert told.stderr == (
        f"{tmp_path / 'rows'}: this is no model folder; "
        "a model folder holds config.json, *.safetensors and the tokenizer's files\n"
    )
    assert not (tmp_path / "out").exists()
