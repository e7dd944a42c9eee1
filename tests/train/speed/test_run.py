"""From a trained run to a page and a block that a recipe adopts."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from ruamel.yaml import YAML

from agentflan.cli.main import run as call
from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import CAPABILITIES, Capability, Conversation, Message, Segment
from agentflan.corpus.store.parquet import ConversationWriter
from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from agentflan.train.speed.curves import Curves, read
from agentflan.train.speed.reach import reach
from agentflan.train.speed.run import weights_of
from agentflan.transforms.rebalance import PRESETS
from tests.train.speed import known
from tests.train.tokens_folder import write


def written(folder: Path, curves: Curves) -> Path:
    """A run folder that holds these curves and nothing else."""
    (folder / "train").mkdir(parents=True)
    with (folder / "train" / "validation.jsonl").open("wb") as stream:
        for number, step in enumerate(curves.steps):
            line = {
                "step": int(step),
                "peak_steps": float(next(iter(curves.clocks.values()))[number]),
                "groups": list(range(len(next(iter(curves.counts.values()))))),
                "sums": {name: sums[number].tolist() for name, sums in curves.sums.items()},
                "counts": {name: counts.tolist() for name, counts in curves.counts.items()},
            }
            stream.write(msgspec.json.encode(line) + b"\n")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("runs") / "probe", known.curves(0))


def test_what_was_written_is_read_back(run: Path) -> None:
    found, wanted = read(run / "train" / "validation.jsonl"), known.curves(0)
    assert found.steps.tolist() == wanted.steps.tolist()
    for name in wanted.sums:
        assert np.array_equal(found.sums[name], wanted.sums[name])
        assert np.allclose(found.clocks[name], wanted.clocks[name])


def test_the_block_is_a_rebalance_entry_with_the_proposed_weights(run: Path) -> None:
    found = weights_of(run, replicates=200)
    (entry,) = YAML(typ="safe").load((run / "weights.yaml").read_text())
    adopted = plugs.load("transform", entry)
    for capability, (value, _, _) in found.data["weights"].items():
        assert getattr(adopted, capability) == pytest.approx(value, abs=0.005)
    assert adopted.mode == "weigh"
    comment = (run / "weights.yaml").read_text().splitlines()[-1]
    dropping = plugs.load("transform", YAML(typ="safe").load(comment.partition(": ")[2]))
    assert dropping.retrieval == pytest.approx(found.data["shares"]["retrieval"], abs=0.005)


def test_the_page_is_one_page_and_names_every_figure(run: Path) -> None:
    found = weights_of(run, replicates=200)
    lines = found.page.splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 120
    for capability, (value, low, high) in found.data["weights"].items():
        row = next(line for line in lines if line.startswith(capability) and " to " in line and "[" not in line)
        assert row.split()[1:5] == [f"{value:.2f}", f"{low:.2f}", "to", f"{high:.2f}"]


def test_a_capability_without_a_proposal_keeps_1_and_the_reason_is_said(tmp_path: Path) -> None:
    kinds = {name: kind for name, kind in known.ORDINARY.items() if name != "retrieval"}
    kinds["format"] = kinds["format"]._replace(gap=0.0)
    folder = written(tmp_path / "run", known.curves(0, kinds=kinds))
    found = weights_of(folder, replicates=200)
    assert "- retrieval: no held-out token of it; it keeps 1." in found.page
    assert "- format: its loss does not surely fall. No weight is proposed; it keeps 1." in found.page
    block = YAML(typ="safe").load((folder / "weights.yaml").read_text())[0]
    assert (block["retrieval"], block["format"]) == (1, 1)


def test_nothing_to_propose_writes_nothing_and_takes_an_old_file_away(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", known.curves(0, passes=5))
    (folder / "weights.yaml").write_text("rebalance: of before")
    found = weights_of(folder)
    assert found.data["file"] is None
    assert "nothing is proposed" in found.page
    assert not (folder / "weights.yaml").exists()


@pytest.mark.parametrize(
    ("text", "what"),
    [(None, "has no losses by group"), ("", "tells of 0 passes"), ('{"step": 0}\n{"step": 1}\n', "cannot be read")],
)
def test_a_run_without_curves_is_one_sentence(tmp_path: Path, text: str | None, what: str) -> None:
    (tmp_path / "train").mkdir()
    if text is not None:
        (tmp_path / "train" / "validation.jsonl").write_text(text)
    with pytest.raises(Mistake, match=what):
        weights_of(tmp_path)


def test_a_line_that_a_kill_cut_short_is_no_pass(run: Path, tmp_path: Path) -> None:
    whole = (run / "train" / "validation.jsonl").read_bytes()
    (tmp_path / "cut.jsonl").write_bytes(whole[:-40])
    assert len(read(tmp_path / "cut.jsonl").steps) == len(read(run / "train" / "validation.jsonl").steps) - 1


def test_a_real_run_leaves_what_the_proposal_reads(tmp_path: Path) -> None:
    """Random tokens teach nothing that validates; every capability is judged all the same, and unequal weights told."""
    tokens = write(tmp_path / "tokens", 90, held_out=40)
    small = ModelSettings(scratch=Scratch(hidden_size=16, layers=1, heads=2, intermediate_size=32))
    settings = TrainSettings(model=small, steps=16, batch_size=4, learning_rate=1e-3, validate_every=2)
    train(settings, tokens, tmp_path)
    curves = read(tmp_path / "train" / "validation.jsonl")
    assert curves.steps.tolist() == list(range(0, 17, 2))
    assert set(curves.sums) == set(CAPABILITIES)
    assert 0 < curves.clocks["format"][-1] < 16  # warm-up and cosine: less than as many steps at the peak
    found = weights_of(tmp_path, replicates=100)
    assert found.data["cautions"] == [
        "This run was trained with unequal weights, which its speeds show too; probe with `preset: uniform`."
    ]
    assert set(found.data["measured"]) == set(CAPABILITIES)


def test_what_drop_reaches_is_what_it_takes_out(tmp_path: Path) -> None:
    def asked(text: str, capability: Capability | None) -> Message:
        return Message(role="user", segments=(Segment(text=text, capability=capability),))

    def said(*texts: tuple[str, Capability]) -> Message:
        return Message(role="assistant", segments=tuple(Segment(text=t, capability=c, loss=True) for t, c in texts))

    item = Conversation(
        id="r",
        source="s",
        messages=(
            asked("Which?", "retrieval"),
            said(("1234567", "retrieval")),
            asked("How?", "understanding"),
            said(("12345", "understanding")),
            asked("Go.", None),
            said(("Act: ", "format"), ("123", "retrieval")),
        ),
    )
    with ConversationWriter(tmp_path / "corpus") as writer:
        writer.write([item])
    found = reach([item], ["format", "retrieval", "understanding"])
    assert found == {"format": 0, "retrieval": pytest.approx(0.7), "understanding": 1}


def test_the_command_prints_presets_and_proposals(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, shares in PRESETS.items():
        assert call(["weights", "--preset", name]) == 0
        entry = YAML(typ="safe").load(capsys.readouterr().out)[0]
        assert plugs.load("transform", entry)
        assert {key: entry[key] for key in shares} == shares
    assert call(["weights", str(run), "--json", "--replicates", "100"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["slowest"] == "reasoning"
    assert said["file"] == str(run / "weights.yaml")
    assert call(["weights"]) == 2
    assert "which run?" in capsys.readouterr().err
