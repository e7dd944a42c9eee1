"""Bad settings end before anything is built or loaded: one sentence each, with its line and its mend, exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentflan.recipes.demo import rows
from tests.train import bases

COMMAND = """\
import sys
if __name__ == "__main__":
    sys.modules[{0!r} or "nothing"] = None  # as if this were not installed
    from agentflan.cli.main import main
    main()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows and two model folders, one of them without the template's end mark."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows.searches(0, 20)))
    bases.llama(folder / "base")
    bases.qwen(folder / "markless")
    spelled = (folder / "markless" / "tokenizer.json").read_text(encoding="utf-8")
    (folder / "markless" / "tokenizer.json").write_text(spelled.replace(bases.END, "<other>"), encoding="utf-8")
    return folder


def refused(home: Path, block: str, *more: str, corpus: str = "", without: str = "") -> list[str]:
    """What the real command says of a recipe whose last line is this block; nothing may be left on the disk."""
    recipe = home / "r.yaml"
    recipe.write_text(
        "corpus:\n"
        "  sources: [{use: toolbench, path: rows.jsonl}]\n"
        "  transforms: [finished_only, {use: converse, listing: signature}]\n"
        f"{corpus}train:\n{block}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", COMMAND.format(without), "run", "r.yaml", "-o", "out", *more],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    recipe.unlink()
    assert done.returncode == 2, done.stderr
    assert not (home / "out").exists()
    return done.stderr.splitlines()


def test_all_that_a_block_says_wrong_is_said_at_once(home: Path) -> None:
    assert refused(home, "  batch_size: 0\n  steps: 0\n  clip: -1\n  learning_rate: 1e-6") == [
        "r.yaml:5: train.batch_size: batch_size must be at least 1; it is 0 now",
        "r.yaml:7: train.clip: clip must not be negative; it is -1 now",
        "r.yaml:6: train.steps: steps must be at least 1; it is 0 now",
        "r.yaml:4: train: warmup_from must lie between 0 and learning_rate; see its keys",
    ]


ADAPTERS = "  model: {path: base}\n  lora: {targets: [q_prj, v_proj]}"


@pytest.mark.parametrize(
    ("block", "corpus", "said"),
    [
        (
            "  batch_size: 4\n  micro_batch_size: 8",
            "",
            "r.yaml:6: train.micro_batch_size: micro_batch_size must not be",
        ),
        ("  keep: best", "  validation_share: 0\n", "r.yaml:6: train.keep: `best` needs sequences to validate on"),
        ("  backend: {use: loop, fsdp: {}}", "", "r.yaml:5: train.backend.fsdp: `loop` runs on one device"),
        ("  backend: {use: loop, deepspeed: x}", "", "r.yaml:5: train.backend.deepspeed: `loop` runs on one device"),
        ("  backend: lop", "", "r.yaml:5: train.backend: there is no backend named 'lop'; did you mean 'loop'?"),
        ("  lora: {}", "", "r.yaml:5: train.lora: adapters of random weights have nothing to lie beside"),
        (ADAPTERS, "", "r.yaml:6: train.lora.targets: no layer of the model is called 'q_prj'; did you mean 'q_proj'?"),
        ("  model: {path: markless}", "", "is no token of this model"),
        ("  model: {path: base}\n  lora: {}", "  add_marks: true\n", "adapters alone do not train the rows"),
        ("  packing: true\n  attention: varlen", "", "r.yaml:6: train.attention: `varlen` trains on a GPU alone"),
        ("  device: cuda", "", "r.yaml:5: train.device: torch sees no GPU"),
        ("  backend: {use: trainer, fsdp: {}}", "", "one process has nothing to share its weights with; start with"),
        ("  model: {path: nowhere}", "", "this is no model folder; a model folder holds"),
    ],
)
def test_one_thing_wrong_is_one_sentence(home: Path, block: str, corpus: str, said: str) -> None:
    lines = refused(home, block, corpus=corpus)
    assert len(lines) == 1, lines
    assert said in lines[0]
    assert "; " in lines[0]


def test_a_package_that_is_missing_is_named_with_what_brings_it(home: Path) -> None:
    block = "  model: {path: base}\n  lora: {bits: 4}"
    (line,) = refused(home, block, without="bitsandbytes")
    mend = "pip install 'agentflan[qlora]', or leave out `bits`"
    assert line == f"r.yaml:6: train.lora.bits: weights of 4 bits need 'bitsandbytes'; {mend}"


def test_a_dry_run_sees_what_the_folder_tells(home: Path) -> None:
    assert "did you mean 'q_proj'?" in refused(home, ADAPTERS, "--dry-run")[0]
    assert "is no token of this model" in refused(home, "  model: {path: markless}", "--dry-run")[0]


def test_a_length_that_holds_no_reply_ends_with_the_length_it_takes(home: Path) -> None:
    recipe = home / "short.yaml"
    recipe.write_text(
        "corpus:\n  sources: [{use: toolbench, path: rows.jsonl}]\n  max_length: 20\n"
        "  transforms: [finished_only, {use: converse, listing: signature}]\n"
        "train: {model: {path: base}, sequence_length: 20}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "agentflan", "run", "short.yaml", "-o", "short"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    said = done.stderr.splitlines()[-1]
    assert "has nothing to train: 20 too_long; raise `max_length`: the first reply ends after" in said
    assert not (home / "short" / "tokens").exists()
    assert not (home / "short" / "model").exists()
