"""`check --fix`: repaired rows beside the file, the file as it was, a second check without what was repaired."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.cli.main import run
from agentflan.core.errors import Mistake
from agentflan.corpus.checking.check import check
from agentflan.corpus.checking.fix import fix
from agentflan.lints.catalogue import CATALOGUE
from tests.lints.samples import CLEAN, SAMPLES, Sample

ASKED = {"AF303": "secrets", "AF304": "emails"}
REPAIRED = [code for code, lint in CATALOGUE.items() if lint.fix and code in SAMPLES]
ROW = json.dumps(CLEAN.rows[0]).encode()


def written(folder: Path, sample: Sample) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in sample.rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("code", REPAIRED)
def test_what_is_repaired_is_gone_and_stays_gone(code: str, tmp_path: Path) -> None:
    path = written(tmp_path, SAMPLES[code])
    before = path.read_bytes()
    done = fix(path, mask=tuple(ASKED.values()))  # type: ignore[arg-type]
    assert (done.repaired[code], done.changed, len(done.diffs)) == (1, 1, 1)
    assert path.read_bytes() == before
    assert done.out == tmp_path / "rows.fixed.jsonl"
    assert code in check(path).lints
    assert code not in check(done.out).lints
    again = fix(done.out, tmp_path / "again.jsonl", mask=tuple(ASKED.values()))  # type: ignore[arg-type]
    assert (again.repaired, again.changed) == ({}, 0)
    assert again.out.read_bytes() == done.out.read_bytes()


@pytest.mark.parametrize("code", ASKED)
def test_masks_are_put_on_only_if_asked(code: str, tmp_path: Path) -> None:
    done = fix(written(tmp_path, SAMPLES[code]))
    assert (done.repaired, done.changed) == ({}, 0)
    assert code in check(done.out).lints


def test_a_sound_file_comes_out_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(CLEAN.rows * 1, indent=2))
    done = fix(path)
    assert (done.rows, done.written, done.changed) == (1, 1, 0)
    assert json.loads(done.out.read_text()) == CLEAN.rows[0]


def test_numbers_keep_their_spelling(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1, "x": 1.0e5, "y": 123456789012345678901234567890}\n')
    assert fix(path).out.read_text() == '{"id":1,"x":1.0e5,"y":123456789012345678901234567890}\n'


def test_marks_and_line_ends_of_another_system(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + ROW + b"\r\n")
    done = fix(path)
    assert done.repaired == {"AF604": 1, "AF605": 1}
    assert check(done.out).lints == {}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rows.fixed.jsonl", "rows.jsonl"]


def test_carriage_returns_are_a_lint(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROW + b"\r\n")
    assert check(path).lints == {"AF604": 1}


def test_a_broken_row_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROW + b"\n{broken\n")
    done = fix(path)
    assert (done.rows, done.written) == (2, 2)
    assert done.out.read_text().splitlines()[1] == "{broken"


def test_a_dialogue_a_file_stays_one(tmp_path: Path) -> None:
    turns = [{"role": "User", "text": "Hello\u200b?"}, {"role": "AI", "text": "Good day."}]
    path = tmp_path / "dialogue.jsonl"
    path.write_text("\n".join(map(json.dumps, turns)))
    done = fix(path)
    assert [json.loads(line) for line in done.out.read_text().splitlines()] == [
        {**turns[0], "text": "Hello?"},
        turns[1],
    ]
    assert check(done.out).format == "apibank"


def test_the_terminal_shows_a_diff_and_no_escape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, SAMPLES["AF301"])
    assert run(["check", str(path), "--fix"]) == 0
    shown = capsys.readouterr().out
    assert "--- rows.jsonl row 1\n+++ rows.fixed.jsonl row 1\n@@ messages[2].content @@\n" in shown
    assert "-\\u001b[01;31mclear\\u001b[0m\n+clear" in shown
    assert "\x1b" not in shown
    assert "1 changed (AF301 in 1)" in shown


def test_in_place_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, SAMPLES["AF103"])
    assert run(["check", str(path), "--fix", "--in-place", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["out"], said["repaired"], said["changed"]) == (str(path), {"AF103": 1}, 1)
    assert "AF103" not in check(path).lints


def test_the_file_is_replaced_only_if_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, SAMPLES["AF103"])
    before = path.read_bytes()
    assert run(["check", str(path), "--fix", "-o", str(tmp_path / "." / path.name)]) == 2
    assert path.read_bytes() == before


def test_what_cannot_be_repaired_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="only files of rows are repaired"):
        fix(tmp_path)
    assert run(["check", str(written(tmp_path, CLEAN)), "--in-place"]) == 2


def test_the_codes_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--codes"]) == 0
    shown = capsys.readouterr().out
    assert all(code in shown for code in CATALOGUE)
