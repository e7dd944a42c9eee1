"""What `agentflan doctor` says is so, and it works where next to nothing is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch

import agentflan
from agentflan.cli.main import run

HERE = Path(agentflan.__file__).parents[1]


def test_versions_and_devices_are_those_of_this_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["agentflan"] == agentflan.__version__
    assert found["versions"]["transformers"] == metadata.version("transformers")
    assert len(found["gpus"]) == torch.cuda.device_count()
    assert (found["attention"]["flex"] == "") == torch.cuda.is_available()
    assert found["attention"]["sdpa"] == ""
    assert min(found[name] for name in ("cores", "memory", "disk_free")) > 0


def test_a_machine_without_torch_is_told_what_to_install(tmp_path: Path) -> None:
    """A folder of packages that holds click, msgspec and what agentflan says of itself, and nothing else."""
    for name in ("click", "msgspec", "agentflan"):
        site = Path(str(metadata.distribution(name).locate_file("")))
        for path in [*site.glob(f"{name}-*.dist-info"), *([site / name] if name != "agentflan" else [])]:
            (tmp_path / path.name).symlink_to(path)
    script = (
        f"import sys; sys.path[:0] = [{str(HERE)!r}, {str(tmp_path)!r}]; from agentflan.cli.main import main; main()"
    )
    words = [sys.executable, "-S", "-E", "-c", script, "doctor"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    lines = dict(re.split("  +", line, maxsplit=1) for line in told.stdout.splitlines())
    assert lines["torch"] == "not installed"
    assert "torch, transformers" in lines["extra train"]
    assert lines["extra train"].endswith("pip install 'agentflan[train]'")
    assert lines["GPU"] == "not known without torch"
    assert not any(name.startswith("attention") for name in lines)
