"""The batch that stopped a run is opened with the tokens that training read, worst sequence first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.cli.main import run as cli
from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import train_bpe
from agentflan.report.stopped import kept_in, stopped
from agentflan.templates.agent_flan import AgentFlan
from tests.report.example_run import chat, negative, react, trajectory, write_run
from tests.report.html_text import Page
from tests.report.tiny_run import write_tiny_recipe


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with tokens; the losses of its kept batch are 7.5, none and 0.25 in the order of the sequences."""
    folder, template = write_run(tmp_path / "run"), AgentFlan()
    items = [react(trajectory("a" * 32, "Rain?")), chat("b" * 32), negative("d" * 32)]
    tokenizer = train_bpe((template.render(item).text for item in items), 300, template)
    tokenise(folder / "corpus", folder / "tokens", tokenizer, template, seed=0, max_length=4_096)
    names = Tokens.open(folder / "tokens").names()
    sequences = [
        {"id": name, "number": number, "loss": loss, "by_capability": {"chat": loss}}
        for (number, name), loss in zip(enumerate(names), (7.5, None, 0.25), strict=False)
    ]
    batch = {"step": 1_234, "loss": None, "why": "the loss is not a number", "sequences": sequences}
    (folder / "train" / "stopped").mkdir()
    (folder / "train" / "stopped" / "batch.json").write_bytes(msgspec.json.encode(batch))
    return folder


def test_tokens_are_those_of_the_sequences_worst_first(run: Path) -> None:
    file = kept_in(run)
    assert file is not None
    assert kept_in(run / "train" / "stopped") == file
    found, tokens = stopped(file), Tokens.open(run / "tokens")
    assert [one.loss for one in found.batch.sequences] == [None, 7.5, 0.25]
    for one, runs in zip(found.batch.sequences, found.runs, strict=True):
        assert [each.id for each in runs] == tokens.sequence(one.number).ids.tolist()
        assert [each.trained for each in runs] == tokens.sequence(one.number).trained.tolist()


@pytest.mark.parametrize("inside", ["", "train/stopped"])
def test_the_command_opens_it_from_the_run_and_from_its_folder(
    run: Path, inside: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["show", str(run / inside)]) == 0
    out = capsys.readouterr().out
    assert "stopped at step 1,234: the loss is not a number (loss of the batch no number)" in out
    assert out.index("loss no number") < out.index("loss 7.500  chat 7.500") < out.index("loss 0.250")
    assert "[chat|" in out


def test_one_sequence_of_it_and_an_ordinary_conversation(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = _json(["show", str(run / "train" / "stopped"), f"{1:032x}"], capsys)["sequences"]
    assert (one["loss"], one["by_capability"]) == (7.5, {"chat": 7.5})
    assert _json(["show", str(run), "d" * 32], capsys)["conversation"]["kind"] == "negative"
    assert cli(["show", str(run / "train" / "stopped"), "xyz"]) == 2


def test_the_page_links_each_loss_with_its_tokens(run: Path, tmp_path: Path) -> None:
    assert cli(["show", str(run), "--html", str(tmp_path / "page.html")]) == 0
    page = Page((tmp_path / "page.html").read_text("utf-8"))
    links = [value for key, value in page.attributes if key == "href" and value.startswith("#sequence-")]
    anchors = {f"#{value}" for key, value in page.attributes if key == "id"}
    assert links
    assert set(links) <= anchors
    assert "no number" in page.text


def test_tokens_that_were_made_again_are_a_mistake(run: Path) -> None:
    names = run / "tokens" / "sequences.txt"
    names.write_text("".join(reversed(names.read_text().splitlines(keepends=True))))
    file = kept_in(run)
    assert file is not None
    with pytest.raises(Mistake, match="other sequences"):
        stopped(file)


def test_a_run_that_went_well_has_none(tmp_path: Path) -> None:
    assert kept_in(write_run(tmp_path / "run")) is None


def test_training_leaves_what_show_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A step that blew up is not taken: its four sequences are kept, and open from the run that they stopped."""
    run = tmp_path / "run"
    assert cli(["train", str(write_tiny_recipe(tmp_path / "made", "1e30")), "-o", str(run)]) == 2
    found = _json(["show", str(run)], capsys)
    assert found["step"] == 2
    assert "not a number any more" in found["why"]
    tokens = Tokens.open(run / "tokens")
    assert len(found["sequences"]) == 4
    for one in found["sequences"]:
        assert [token["id"] for token in one["tokens"]] == tokens.sequence(one["number"]).ids.tolist()


def _json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert cli([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found
