"""A tool at work in its own environment: `inside/NAME.py`, told line by line what to do."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.peers.environments import ROOT, UnavailableError, python_of
from bench.peers.inside.rounds import Row


class Tool:
    """One process for all rounds over one export, so that starting it is not what is measured.

    `environment` is the tool's own name unless it says otherwise.
    """

    def __init__(self, name: str, export: Path, model: Path, environment: str | None = None) -> None:
        self._command = [
            str(python_of(environment or name)),
            "-m",
            f"bench.peers.inside.{name}",
            str(export),
            str(model),
        ]
        self._name = name

    def __enter__(self) -> Self:
        self._place = tempfile.TemporaryDirectory()
        self._log = Path(self._place.name, "log").open("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=_environment(self._place.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        return self

    def seconds(self) -> float:
        """One preparation or one step of training, in CPU seconds of the tool's process."""
        return self._asked("")

    def rows(self) -> list[Row]:
        """What the tool would train."""
        file = Path(self._place.name, "rows.jsonl")
        self._asked(str(file))
        return [Row(*json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]

    def _asked(self, line: str) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            raise UnavailableError(f"{self._name} ended: {self._log.read().strip().rpartition(chr(10))[2][:300]}")
        seconds: float = json.loads(answer)["seconds"]
        return seconds

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
        self._place.cleanup()


def _environment(place: str) -> dict[str, str]:
    """One thread, no hub, and caches that go with the process."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return ours | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": f"{place}/hf",
        "MODELSCOPE_CACHE": f"{place}/modelscope",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
