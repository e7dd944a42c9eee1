"""`agentflan export`: what it says when all is well, and one sentence where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.cli.main import run

RECIPE = """\
corpus:
  sources: [{use: sharegpt, path: chat.jsonl, licence: MIT}]
  transforms: [converse, {use: rebalance, mode: mute, reasoning: 0}]
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    rows = [
        {"conversations": [{"from": "human", "value": f"{number}?"}, {"from": "gpt", "value": "No."}]}
        for number in range(3)
    ]
    (folder / "chat.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "recipe.yaml").write_text(RECIPE)
    assert run(["build", str(folder / "recipe.yaml"), "-o", str(folder / "run")]) == 0
    return folder / "run"


def test_it_says_what_it_wrote_and_what_is_not_carried(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(built), "--to", "sharegpt", "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "3 of 3 conversations written" in said
    assert "not carried, id, source and licence: 3 conversations" in said
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\n")
    assert "license: mit" in card
    assert "  - {use: rebalance, " in card


def test_one_object_as_json(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(built), "--to", "{use: atif, apart: true}", "-o", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["items"], told["written"], told["dropped"]) == ("atif", 3, 3, {})
    assert len(told["rows"]) == 3
    assert all((tmp_path / "out" / file).is_file() for file in told["rows"])
    kept = json.loads((tmp_path / "out" / "export.json").read_text())
    assert set(kept["sha256"]) == {"README.md", *told["rows"]}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{run}", "--to", "sharegtp"], "did you mean 'sharegpt'?"),
        (["{run}", "--to", "{use: openai, thoughts: aloud}"], "thoughts"),
        (["{run}/..", "--to", "openai"], "holds several runs; name one of them: run"),
        (["{run}/nowhere", "--to", "openai"], "holds no corpus"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], sentence: str, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("{run}", str(built)) for word in arguments]
    assert run(["export", *words, "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_is_refused(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("")
    assert run(["export", str(built), "--to", "sharegpt", "-o", str(tmp_path)]) == 2
    assert "holds something else than an export; name a new folder" in capsys.readouterr().err
