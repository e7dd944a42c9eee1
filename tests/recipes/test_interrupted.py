"""`agentflan train` told to end, by a signal to the command alone: its children put their work away."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentflan.recipes.demo import rows

RECIPE = """\
vocabulary: 300
corpus:
  sources: [{use: sharegpt, path: rows.jsonl}]
  transforms: [converse]
train:
  {steps: 100000, batch_size: 4, threads: 1, log_every: 1, save_every: 0, model: {scratch: {hidden_size: 32}}}
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_passes_a_signal_on(number: signal.Signals, code: int, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows.chats(0, 20)))
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    command = [sys.executable, "-m", "agentflan", "train", str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "train" / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size > 1000):
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == code, said
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert (tmp_path / "run" / "train" / "checkpoint").exists()
