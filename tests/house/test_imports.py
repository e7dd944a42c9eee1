"""What an import brings in: the command line nothing heavy, the data floors no torch; none prints or writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import agentflan
from tests.house.floors import LIGHT

PACKAGE = Path(agentflan.__file__).parent
COMMANDS = sorted(path.stem for path in (PACKAGE / "cli" / "commands").glob("[!_]*.py"))
HEAVY = {"torch", "transformers", "datasets", "matplotlib"}
APART = {"agentflan.recipes.arm"}
"""What recipes run in a process of its own, so that nobody else has to load torch."""


def brought_in(folder: Path, script: str) -> set[str]:
    """Top-level modules that are loaded once the script has run, in a process of its own that starts in `folder`."""
    ending = "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    python = [sys.executable, "-c", script + ending]
    done = subprocess.run(python, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    assert list(folder.iterdir()) == []
    return set(json.loads(done.stdout))  # fails if an import printed something before


def test_help_loads_nothing_that_takes_time(tmp_path: Path) -> None:
    script = "import contextlib, os\nfrom agentflan.cli.main import run\n"
    script += "with contextlib.redirect_stdout(open(os.devnull, 'w')):\n    assert run(['--help']) == 0"
    slow = HEAVY | {"pyarrow", "numpy", "tokenizers", "msgspec", "jinja2", "ruamel", "httpx", "asyncio"}
    assert not brought_in(tmp_path, script) & slow


def modules_of(*floors: str) -> list[str]:
    paths = (path for floor in floors for path in sorted((PACKAGE / floor).rglob("*.py")))
    dotted = (".".join(["agentflan", *path.relative_to(PACKAGE).with_suffix("").parts]) for path in paths)
    return [name.removesuffix(".__init__") for name in dotted if name not in APART]


@pytest.mark.parametrize("floor", LIGHT)
def test_the_data_floors_load_no_torch(tmp_path: Path, floor: str) -> None:
    script = "\n".join(f"import {name}" for name in modules_of(floor))
    assert not brought_in(tmp_path, script) & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_no_torch_before_it_works(tmp_path: Path, command: str) -> None:
    assert not brought_in(tmp_path, f"import agentflan.cli.commands.{command}") & HEAVY
