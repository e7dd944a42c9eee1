"""`agentflan verify` finds every way in which a run differs from what its stages wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from agentflan.cli.main import run
from agentflan.corpus.manifest import once


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two arms, each with a folder and a file from two stages, and something of a person's beside them."""
    for arm in ("plain", "other"):
        folder = tmp_path / arm
        once(folder, "build", arm, ["corpus"], partial(write, folder / "corpus" / "part.txt", "rows"))
        once(folder, "report", arm, ["report.html"], partial(write, folder / "report.html", "<p>"))
    write(tmp_path / "plain" / "notes.txt", "mine")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_whole_run_passes(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(runs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"manifests": 2, "files": 4, "bytes": 14}


@pytest.mark.parametrize(
    ("damage", "place", "what"),
    [
        (lambda corpus: (corpus / "part.txt").unlink(), "part.txt", "the file is gone"),
        (lambda corpus: write(corpus / "part.txt", "rots"), "part.txt", "its checksum differs"),
        (lambda corpus: write(corpus / "part.txt", "more rows"), "part.txt", "has 9 bytes and was written with 4"),
        (lambda corpus: write(corpus / "deep" / "b.txt", ""), "deep/b.txt", "no stage has written this file"),
    ],
)
def test_each_kind_of_damage_is_named(
    runs: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None], place: str, what: str
) -> None:
    corpus = runs / "other" / "corpus"
    damage(corpus)
    assert run(["verify", str(runs)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{corpus / place}: ")
    assert what in lines[0]


def test_a_folder_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert run(["verify", str(folder)]) == 2
        assert capsys.readouterr().err.startswith(f"{folder}: there is no run here")


def test_a_manifest_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "manifest.json", "[")
    assert run(["verify", str(tmp_path)]) == 2
    assert "this is no manifest" in capsys.readouterr().err
