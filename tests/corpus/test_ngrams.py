"""N-gram files: the same bytes each time, no text of a benchmark inside, and a clear word for what is none of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Mistake
from agentflan.corpus.ngrams import write_ngrams
from agentflan.recipes.demo.problems import problems
from agentflan.transforms.likeness.ngram_file import read

SAMPLES = Path(__file__).parents[1] / "transforms" / "samples"
LONG = "Which of the nine harbours on the western coast has the highest tide in a usual year?"
SHORT = "How many harbours are there on the coast?"
ROWS: list[Any] = [
    {"id": "a", "question": [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": LONG}]]},
    {"id": "b", "question": SHORT, "answer": "nine"},
]


def written(path: Path, rows: list[Any]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


def test_a_problem_gives_its_runs_of_words_or_itself(tmp_path: Path) -> None:
    head = write_ngrams([written(tmp_path / "rows.jsonl", ROWS)], tmp_path / "out", fields=["question"])
    assert (head.n, head.lengths, head.files[0].problems) == (13, (8, 13), 2)
    assert head.ngrams == (17 - 12) + 1
    assert read(tmp_path / "out").head == head
    assert b"harbour" not in (tmp_path / "out").read_bytes()


def test_strings_and_our_own_problems_need_no_field(tmp_path: Path) -> None:
    (tmp_path / "strings.json").write_text(json.dumps([LONG, SHORT]))
    assert write_ngrams([tmp_path / "strings.json"], tmp_path / "out").ngrams == 5 + 1
    own = written(tmp_path / "own.jsonl", list(problems(0, 5)))
    head = write_ngrams([own], tmp_path / "out")
    assert head.files[0].problems == 25


def test_several_files_say_where_an_ngram_stands_first(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one.jsonl", ROWS), written(tmp_path / "two.jsonl", [*ROWS, {"question": LONG * 2}])
    write_ngrams([one, two], tmp_path / "out", fields=["question"])
    found = read(tmp_path / "out")
    assert [file.name for file in found.head.files] == ["one.jsonl", "two.jsonl"]
    assert [int((found.files == index).sum()) for index in (0, 1)] == [6, 12]
    assert (found.hashes[1:] > found.hashes[:-1]).all()


@pytest.mark.parametrize("seed", ["0", "7"])
def test_the_bytes_are_those_of_the_committed_sample(tmp_path: Path, seed: str) -> None:
    command = [sys.executable, "-m", "agentflan", "ngrams", str(SAMPLES / "drawn.json"), "-o", "out"]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
    assert (tmp_path / "out").read_bytes() == (SAMPLES / "drawn.ngrams").read_bytes()


@pytest.mark.parametrize(
    ("rows", "fields", "words"),
    [
        (ROWS, [], "name one of its keys with --field: id, question"),
        (ROWS, ["qestion"], "did you mean 'question'?"),
        ([{"question": "?!"}], ["question"], "holds no text"),
    ],
)
def test_rows_without_a_known_text_are_a_mistake(tmp_path: Path, rows: Any, fields: list[str], words: str) -> None:
    with pytest.raises(Mistake, match=r"rows\.jsonl") as caught:
        write_ngrams([written(tmp_path / "rows.jsonl", rows)], tmp_path / "out", fields=fields)
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_foreign_or_damaged_file_is_a_mistake(tmp_path: Path) -> None:
    sound = (SAMPLES / "drawn.ngrams").read_bytes()
    line = sound.index(b"\n")
    flipped = bytes([sound[-1] ^ 1])
    spoiled = [
        (sound[:-1], "damaged"),
        (sound[:-1] + flipped, "damaged"),
        (sound.replace(b'"version":1', b'"version":2'), "no file of n-grams"),
        (sound[line:], "no file of n-grams"),
        (b'{"question": "?"}\n', "no file of n-grams"),
        (b"PAR1\xff\x00", "no file of n-grams"),
        (b"", "no file of n-grams"),
    ]
    for number, (data, words) in enumerate(spoiled):
        path = tmp_path / str(number)
        path.write_bytes(data)
        with pytest.raises(Mistake, match=words):
            read(path)
    with pytest.raises(Mistake, match="agentflan ngrams"):
        read(tmp_path / "absent")
