"""What a person gets who installs the wheel: a small set of packages, a project to start from, a corpus out of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LIMIT = 350 << 20
"""Bytes that the core install may take on disk, Python itself not counted."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment of its own, in `venv`, that holds the wheel and what it needs. Takes about 30 s."""
    home = tmp_path_factory.mktemp("clean")
    pip = [sys.executable, "-m", "pip"]
    done(home, *pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", str(REPOSITORY))
    done(home, sys.executable, "-m", "venv", "--without-pip", "venv")
    wheels = [str(path) for path in (home / "dist").glob("*.whl")]
    constraints = str(REPOSITORY / "constraints.txt")
    into = ["--python", str(home / "venv" / "bin" / "python")]
    done(home, *pip, *into, "install", "--quiet", "--constraint", constraints, *wheels)
    return home


def done(home: Path, *command: str) -> str:
    """The command's stdout; the test fails with its stderr if it fails."""
    process = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_core_install_is_small_and_has_no_torch(home: Path) -> None:
    installed = next((home / "venv" / "lib").glob("python*/site-packages"))
    assert sum(path.lstat().st_size for path in installed.rglob("*")) < LIMIT
    assert not {"torch", "transformers", "matplotlib"} & {path.name for path in installed.iterdir()}


def test_it_starts_a_project_and_builds_its_corpus(home: Path) -> None:
    agentflan = str(home / "venv" / "bin" / "agentflan")
    done(home, agentflan, "init", "project")
    told = json.loads(done(home, agentflan, "build", "project/demo.yaml", "-o", "run", "--json"))
    assert set(told) == {"without_negatives", "with_negatives"}
    assert all(ledger["conversations"] > 0 for ledger in told.values())
    assert {path.parents[1].name for path in (home / "run").rglob("corpus/ledger.json")} >= set(told)
    done(home, agentflan, "verify", "run")


def test_what_it_lacks_is_named_with_the_mend(home: Path) -> None:
    """A model needs torch, which the core install leaves out: one sentence, not a traceback."""
    (home / "model").mkdir()
    (home / "model" / "config.json").write_text("{}")
    command = [str(home / "venv" / "bin" / "agentflan"), "eval", "model", "--on", "agent_h", "-o", "evaluation"]
    process = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert "pip install 'agentflan[train]'" in process.stderr
    assert process.stderr.count("\n") == 1
    assert not (home / "evaluation").exists()
