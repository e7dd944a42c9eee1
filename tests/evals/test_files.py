"""Whatever shape a benchmark's file has, its records come with their places, and what is none is named by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.evals import files


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('[{"a": 1}, {"a": 2}]', ["[0]", "[1]"]),
        ('{"x": {"a": 1}, "y": {"a": 2}}', ["[x]", "[y]"]),
        ('{"a": 1}\n\n{"a": 2}\n', [":1", ":3"]),
        ('{"a": 1}', [":1"]),
        ("", []),
    ],
)
def test_records_come_with_their_places(tmp_path: Path, text: str, places: list[str]) -> None:
    path = tmp_path / "data.json"
    path.write_text(text)
    found = files.rows(path)
    assert [where.removeprefix(str(path)) for where, _ in found] == places
    assert [row["a"] for _, row in found] == [1, 2][: len(places)]


@pytest.mark.parametrize(("text", "place"), [('{"a": 1}\n{"a"', ":2"), ("[1]", "[0]"), ("7", ":1"), ("\xff", ":1")])
def test_what_is_no_record_is_named(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Mistake) as caught:
        files.rows(path)
    assert caught.value.where == f"{path}{place}"


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no problems to read"):
        files.rows(tmp_path / "none.json")


def test_the_digest_is_of_names_and_contents_alone(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.json").write_text("[]")
    first, second = ([tmp_path / folder / "a.json"] for folder in ("one", "other"))
    assert files.digest_of_files(first) == files.digest_of_files(second)
    second[0].write_text("[ ]")
    assert files.digest_of_files(first) != files.digest_of_files(second)
