"""A diagnosis says what training's validation says, equals what can be worked out by hand, and refuses what is none."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

import json
import math
import re
import shutil
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM

from agentflan.cli.main import run
from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Message, Segment
from agentflan.corpus.store.parquet import ConversationWriter
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import fitted, load_tokenizer, save_tokenizer, train_bpe
from agentflan.report.diagnosis.diagnose import Wanted, diagnose
from agentflan.report.diagnosis.given import choose, given, rewritten
from agentflan.report.diagnosis.record import Losses, load
from agentflan.templates.agent_flan import AgentFlan
from agentflan.train.classes import SHOWN
from tests.report.example_run import chat, react, trajectory
from tests.report.tiny_run import write_tiny_run
from tests.templates.families import family

ROOM = 4_096
"""Tokens that a model reads."""
QUIET = Wanted(problems=0, device="cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_run(tmp_path_factory.mktemp("tiny") / "made")


class Bigrams(NamedTuple):
    """A model without layers, whose next token depends on the one before alone."""

    folder: Path
    table: NDArray[np.float64]
    """(vocabulary, vocabulary): log-probability of the column after the row."""


@pytest.fixture(scope="module")
def bigrams(tmp_path_factory: pytest.TempPathFactory) -> Bigrams:
    folder, template = tmp_path_factory.mktemp("bigrams"), AgentFlan()
    texts = (template.render(item).text for item in (react(trajectory("a" * 32, "Rain?")), chat("b" * 32)))
    tokenizer = train_bpe(texts, 300, template)
    save_tokenizer(fitted(tokenizer, template), folder, template)
    size = tokenizer.get_vocab_size()
    table = np.log(np.random.default_rng(0).dirichlet(np.ones(size), size).clip(1e-9))
    table -= np.log(np.exp(table).sum(axis=1, keepdims=True))
    sizes = {"vocab_size": size, "hidden_size": size, "intermediate_size": 4, "max_position_embeddings": ROOM}
    model = LlamaForCausalLM(LlamaConfig(**sizes, num_hidden_layers=0, num_attention_heads=1, pad_token_id=None))
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(torch.eye(size))  # the norm makes the one of a row sqrt(size)
        model.lm_head.weight.copy_(torch.from_numpy(table.T / math.sqrt(size)))
    model.save_pretrained(folder)
    return Bigrams(folder, table)


def quiet(_: str) -> None:
    pass


def test_losses_are_those_of_the_validation_of_its_training(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    last = json.loads((tiny / "train" / "metrics.jsonl").read_text().splitlines()[-1])
    capsys.readouterr()
    assert run(["diagnose", str(tiny / "model"), str(tiny), "--problems", "0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["template"], found["calls"]) == ("held_out", "agent_flan", None)
    (losses,) = found["losses"]
    means = {name: mean["loss"]["value"] for name, mean in losses["means"].items() if name != "content"}
    assert means == pytest.approx(last["validation_loss_by_capability"], rel=1e-6)
    assert all(mean["loss"]["low"] < mean["loss"]["value"] < mean["loss"]["high"] for mean in losses["means"].values())
    sums = [losses["means"][name]["tokens"] for name in ("reasoning", "retrieval", "understanding")]
    assert losses["means"]["content"]["tokens"] == sum(sums)
    gap = losses["means"]["content"]["loss"]["value"] - losses["means"]["format"]["loss"]["value"]
    assert losses["gap"]["value"] == pytest.approx(gap)


def test_a_run_its_corpus_and_its_tokens_are_one_corpus(tiny: Path) -> None:
    whole, *parts = [_losses(tiny / "model", tiny / part) for part in ("", "corpus", "tokens")]
    assert parts == [whole, whole]


def test_losses_of_another_model_are_in_its_own_tokens_and_as_worked_out_by_hand(
    tiny: Path, bigrams: Bigrams, tmp_path: Path
) -> None:
    found = _losses(bigrams.folder, tiny, everything=True, limit=1_000)
    tokenise(tiny / "corpus", tmp_path / "t", load_tokenizer(bigrams.folder), AgentFlan(), seed=0, max_length=ROOM)
    tokens = Tokens.open(tmp_path / "t")
    by_hand: dict[str, list[float]] = defaultdict(list)
    for number in range(len(tokens)):
        ids, trained, capability, _ = tokens.sequence(number)
        for place in np.flatnonzero(trained):
            by_hand[SHOWN[capability[place]]].append(-bigrams.table[ids[place - 1], ids[place]])
    assert found.conversations == len(tokens)
    assert found.means.keys() - {"content"} == by_hand.keys()
    for name, losses in by_hand.items():
        assert found.means[name].loss.value == pytest.approx(fmean(losses), rel=1e-4)
        assert found.means[name].tokens == len(losses)


def test_an_interval_is_that_of_the_mean_over_drawn_groups(bigrams: Bigrams, tmp_path: Path) -> None:
    """Of two groups the same one is drawn twice in every second case, so the ends are the means of either alone."""
    items = [said("a" * 32, "Plain rain."), said("b" * 32, "A train, a crane.")]
    alone = [_losses(bigrams.folder, corpus(tmp_path / item.id[0], item)).means["chat"].loss for item in items]
    assert [each.low for each in alone] == [None, None]
    both = _losses(bigrams.folder, corpus(tmp_path / "both", *items)).means["chat"].loss
    assert [both.low, both.high] == pytest.approx(sorted(each.value for each in alone))


def test_forms_are_the_same_trajectories_written_anew(tiny: Path, tmp_path: Path) -> None:
    chosen = choose(given(tiny, tmp_path, 0, quiet), 100, 0, everything=True).items
    for form in ("react", "talk", NATIVE):
        items = rewritten(chosen, tiny, form, 0).items
        assert [item.id for item in items] == [item.id for item in chosen]
        assert {item.dialect for item in items if item.kind == "agent"} == {form}
        assert [item for item in items if item.kind != "agent"] == [item for item in chosen if item.kind != "agent"]
    both = diagnose(str(tiny / "model"), tiny, None, QUIET._replace(forms=("react", "talk")), quiet).losses
    assert [each.form for each in both] == ["react", "talk"]
    assert both[0].means["format"].tokens > both[1].means["format"].tokens


def test_a_model_is_measured_in_its_own_template_and_syntax_of_calls(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(family("qwen"), tmp_path / "qwen")
    size = load_tokenizer(folder).get_vocab_size()
    sizes = {"vocab_size": size, "hidden_size": 16, "intermediate_size": 16, "max_position_embeddings": ROOM}
    LlamaForCausalLM(LlamaConfig(**sizes, num_hidden_layers=1, num_attention_heads=1)).save_pretrained(folder)
    with pytest.raises(Mistake, match="no token of this model") as caught:
        _losses(folder, tiny)
    assert "--template model" in caught.value.mend
    wanted = QUIET._replace(forms=("native", "react"), template="model", problems=5)
    found = diagnose(str(folder), tiny, None, wanted, quiet)
    native, written = found.losses
    assert found.template == "model"
    assert native.means["format"].tokens != written.means["format"].tokens
    assert native.means["retrieval"].tokens == pytest.approx(written.means["retrieval"].tokens, rel=0.2)


def test_rows_that_are_no_corpus_yet_are_read(tiny: Path) -> None:
    rows = tiny.parent / "rows" / "toolbench.jsonl"
    found = diagnose(str(tiny / "model"), rows, None, QUIET, quiet)
    assert (found.rows, found.of, found.template) == ("all", 30, "model")
    assert {"format", "reasoning", "retrieval", "understanding"} <= found.losses[0].means.keys()


def test_what_does_not_fit_the_model_is_refused_before_rows_are_built(tiny: Path) -> None:
    rows = tiny.parent / "rows" / "toolbench.jsonl"
    told: list[str] = []
    for wanted, what in (
        (QUIET._replace(template="chatml"), "the end mark '<|im_end|>' of the template is no token of this model"),
        (QUIET._replace(template="agent_flan", forms=("native",)), "agent_flan has no syntax for calls"),
        (QUIET._replace(forms=("native",)), "takes no tools"),
    ):
        with pytest.raises(Mistake, match=re.escape(what)):
            diagnose(str(tiny / "model"), rows, None, wanted, told.append)
    assert told == []


def test_fewer_conversations_are_among_more(tiny: Path, tmp_path: Path) -> None:
    everything = given(tiny, tmp_path, 0, quiet)
    few, more = (choose(everything, limit, 0, everything=True) for limit in (5, 20))
    assert few.items == more.items[:5]
    assert (few.of, more.of) == (60, 60)
    assert {item.id for item in choose(everything, 100, 0, everything=False).items} == everything.held_out
    assert choose(everything, 5, 1, everything=True).items != few.items


def test_replies_are_kept_and_not_asked_for_again(tiny: Path, tmp_path: Path) -> None:
    told: list[str] = []
    wanted = QUIET._replace(problems=10, limit=10)
    found = diagnose(str(tiny / "model"), tiny, tmp_path, wanted, told.append)
    assert found.calls is not None
    assert (found.calls.queries, found.calls.problems) == ("corpus", 10)
    assert {
        "over_call",
        "over_call/no_tools_relevant",
        "miss/tools_relevant",
        "right_tool",
    } <= found.calls.metrics.keys()
    assert "right_arguments" not in found.calls.metrics
    assert load(tmp_path) == found
    assert any(line.startswith("replies") for line in told)
    told.clear()
    assert diagnose(str(tiny / "model"), tiny, tmp_path, wanted, told.append) == found
    assert not any(line.startswith("replies") for line in told)


def test_where_no_agent_calls_a_tool_problems_are_made_up(tiny: Path, tmp_path: Path) -> None:
    folder = corpus(tmp_path, chat("b" * 32))
    calls = diagnose(str(tiny / "model"), folder, None, QUIET._replace(problems=5), quiet).calls
    assert calls is not None
    assert (calls.queries, calls.ordinary, calls.problems) == ("made_up", "made_up", 5)


def test_what_is_no_model_or_no_corpus_is_refused(tiny: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.jsonl"
    strange.write_text('{"a": 1}\n')
    for model, path, what in (
        ("scripted:gold", tiny, "only a saved model tells its losses"),
        (str(tiny), tiny, "holds a run, not a model"),
        (str(tiny / "model"), strange, "no source reads this file"),
        (str(tiny / "model"), tmp_path / "nowhere", "no such file or folder; .* or a file of raw rows"),
    ):
        with pytest.raises(Mistake, match=what):
            diagnose(model, path, None, QUIET, quiet)


def _losses(model: Path, path: Path, **more: Any) -> Losses:
    (found,) = diagnose(str(model), path, None, QUIET._replace(**more), quiet).losses
    return found


def said(identity: str, text: str) -> Conversation:
    item = chat(identity)
    reply = Message(role="assistant", segments=(Segment(text=text, loss=True),))
    return msgspec.structs.replace(item, messages=(item.messages[0], reply))


def corpus(folder: Path, *items: Conversation) -> Path:
    with ConversationWriter(folder / "corpus") as writer:
        writer.write(items)
    return folder / "corpus"
