from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agentflan.cli.main import run as cli
from agentflan.core.errors import Mistake
from agentflan.corpus.store.parquet import ConversationWriter
from agentflan.report.shown import find_conversation, full_id
from tests.report.example_run import chat, write_arms, write_run
from tests.report.html_text import Page


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "run", hostile=True)


@pytest.mark.parametrize("inside", ["", "corpus", "tokens"])
def test_is_found_from_the_run_its_corpus_or_its_tokens(run: Path, inside: str) -> None:
    assert find_conversation(run / inside).id == f"{1:032x}"
    assert find_conversation(run / inside, "d" * 32).kind == "negative"


def test_the_beginning_of_an_id_will_do_where_it_is_the_only_one(run: Path) -> None:
    assert find_conversation(run, "ddd").id == "d" * 32
    with pytest.raises(Mistake, match="begins several ids"):
        find_conversation(run, "000")


@pytest.mark.parametrize("ids", [("ab", "ab-n1", "cd"), ("ab-n1", "ab-l0", "ab", "cd")])
def test_a_row_is_meant_before_what_is_made_of_it(tmp_path: Path, ids: tuple[str, ...]) -> None:
    with ConversationWriter(tmp_path / "corpus") as writer:
        writer.write([chat(each) for each in ids])
    assert find_conversation(tmp_path, "a").id == full_id(tmp_path / "corpus", "a") == "ab"
    assert full_id(tmp_path / "corpus", "ab-n") == "ab-n1"
    assert full_id(tmp_path / "corpus", None) == ids[0]
    with pytest.raises(Mistake, match="is no id in here"):
        full_id(tmp_path / "corpus", "x")
    for made in (find_conversation, full_id):
        with pytest.raises(Mistake, match="begins several ids"):
            made(tmp_path / "corpus", "")


def test_an_unknown_id_names_the_nearest(run: Path) -> None:
    with pytest.raises(Mistake, match="is no id in here") as caught:
        find_conversation(run, "ddc")
    assert caught.value.mend == f"did you mean {'d' * 32!r}?"


def test_a_folder_of_arms_shows_the_first(tmp_path: Path) -> None:
    assert find_conversation(write_arms(tmp_path / "demo")).source == "toolbench"


def test_an_empty_corpus_is_a_mistake(tmp_path: Path) -> None:
    with ConversationWriter(tmp_path / "corpus"):
        pass
    with pytest.raises(Mistake, match="holds no conversation"):
        find_conversation(tmp_path)
    with pytest.raises(Mistake, match="the corpus is empty"):
        find_conversation(tmp_path, "abc")


def test_the_command_prints_plain_text_into_a_pipe(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["show", str(run)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[retrieval|get_forecast_for_weather]" in out
    assert cli(["show", str(run), "xyz"]) == 2
    assert "is no id in here" in capsys.readouterr().err
    assert cli(["show", str(run), "--tokens"]) == 2
    assert "has no tokens to show" in capsys.readouterr().err
    assert cli(["show", str(run), "--tokens", "--stages"]) == 2


def test_the_command_writes_a_page_and_json(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "one.html"
    assert cli(["show", str(run), "--html", str(page), "--json"]) == 0
    said = msgspec.json.decode(capsys.readouterr().out)
    assert said["characters"]["retrieval"] == {"all": 24, "trained": 24}
    assert said["html"] == str(page)
    read = Page(page.read_text("utf-8"))
    assert "script" not in read.tags
    assert '<script>alert("1")</script>' in read.text
