"""Every family of templates from rows to a tuned folder: what was trained is what the folder's own template writes."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from agentflan.cli.main import run as agentflan
from agentflan.core import plugs
from agentflan.core.chat import NATIVE, definition, said, turns
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Calling
from agentflan.core.types import Conversation, Reply
from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.models.hf import Hf
from agentflan.recipes.demo import rows
from agentflan.recipes.recipe import Arm, load
from agentflan.recipes.run import HERE, build_all, tokenise_all
from agentflan.report.runs import template_of
from agentflan.train.run import train
from tests.templates.families import family, folder, like_llama

OWN = ("llama3", "mistral", "qwen", "qwen3")
WRITTEN = ("chatml", "llama2", "vicuna")
RECIPE = """\
corpus:
  sources: [{use: toolbench, path: rows.jsonl}, {use: sharegpt, path: chats.jsonl}]
  transforms: [finished_only, {CONVERSE}, {use: negatives, count: 4}]
  template: TEMPLATE
  add_marks: true
  validation_share: 0.2
  max_length: 4096
train: {steps: 1, batch_size: 2, sequence_length: 4096, threads: 1, model: {path: base}}
"""


def based(place: Path, tokenizer: Path) -> Path:
    """A model folder with random weights and the files of a tokenizer's folder."""
    shutil.copytree(tokenizer, place)
    size = Tokenizer.from_file(str(place / "tokenizer.json")).get_vocab_size()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=4096,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(place)
    return place


def bare() -> Path:
    """A folder as that of Llama-2's base: no role marks, no chat template."""
    place = folder("{{ messages }}", begin="<s>", end="</s>", marks=())
    (place / "chat_template.jinja").unlink()
    return place


def recipe(place: Path, name: str) -> Path:
    own = name in OWN
    based(place / "base", family(name) if own else bare())
    for file, made in (("rows", rows.searches(0, 12)), ("chats", rows.chats(0, 6))):
        (place / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    converse = "use: converse, native_share: 1.0, react_share: 0.0" if own else "use: converse, listing: signature"
    thoughts = "think" if name == "qwen3" else "drop"
    today = datetime.now().date().isoformat()
    template = f"{{use: model, path: base, thoughts: {thoughts}, today: '{today}'}}" if own else name
    path = place / "tiny.yaml"
    path.write_text(RECIPE.replace("CONVERSE", converse).replace("TEMPLATE", template))
    return path


@pytest.fixture(scope="module", params=[*OWN, *WRITTEN])
def tuned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Arm, Path]:
    place = tmp_path_factory.mktemp(request.param)
    (arm,) = load(recipe(place, request.param))
    out = place / "run"
    build_all([arm], out, HERE, say=lambda _: None)
    tokenise_all([arm], out, say=lambda _: None)
    assert arm.recipe.train
    train(arm.recipe.train, out / "tokens", out)
    return arm, out


def test_trained_ids_are_those_of_the_tuned_folder(tuned: tuple[Arm, Path]) -> None:
    arm, out = tuned
    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    items: dict[str, Conversation] = {item.id: item for item in conversations(out / "corpus")}
    tokens = Tokens.open(out / "tokens")
    kinds = set()
    for number, name in enumerate(tokens.names()):
        item = items[name]
        kinds.add((item.kind, item.dialect))
        ids = tokens.sequence(number).ids.tolist()
        tools = [definition(tool) for tool in item.tools] if item.dialect == NATIVE else None
        messages = said(turns(item.messages, item.dialect))
        text = tokenizer.apply_chat_template(messages, tools=tools or None, tokenize=False)
        assert ids == tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids).removeprefix(tokenizer.bos_token or "") == arm.corpus.template.render(item).text
    assert len(items) == len(tokens.names()) + sum(ledger(out)["skipped"].values())
    assert {kind for kind, _ in kinds} == {"agent", "general", "negative"}


def ledger(out: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((out / "tokens" / "ledger.json").read_text())
    return found


def test_the_tuned_folder_loads_and_stops_at_the_families_mark(tuned: tuple[Arm, Path]) -> None:
    arm, out = tuned
    model, tokenizer = AutoModelForCausalLM.from_pretrained(out / "model"), AutoTokenizer.from_pretrained(out / "model")
    assert tokenizer.eos_token == arm.corpus.template.stop
    ends = model.generation_config.eos_token_id
    assert tokenizer.eos_token_id in (ends if isinstance(ends, list) else [ends])
    assert len(model.get_input_embeddings().weight) == len(tokenizer)
    assert tokenizer.chat_template == arm.corpus.template.jinja


def test_a_run_is_shown_with_the_template_it_was_made_with(
    tuned: tuple[Arm, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arm, out = tuned
    assert template_of(out) == arm.corpus.template
    assert agentflan(["show", str(out), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    item = next(item for item in conversations(out / "corpus") if item.id == shown["conversation"]["id"])
    text = "".join(token["text"] for token in shown["tokens"])
    assert text.removeprefix("<s>") == arm.corpus.template.render(item).text


def test_the_tools_of_a_problem_reach_the_families_template_or_it_says_no(tuned: tuple[Arm, Path]) -> None:
    arm, out = tuned
    asked = plugs.load("benchmark", {"use": "agent_h", "count": 5, "syntax": [NATIVE]}).problems()
    replies: dict[int, Reply] = {}
    model = Hf(path=out / "model", max_new_tokens=2)
    if not isinstance(arm.corpus.template, Calling):
        with pytest.raises(Mistake, match="takes no tools"):
            model(asked, replies.__setitem__)
        return
    model(asked, replies.__setitem__)
    assert sorted(replies) == [0, 1, 2, 3, 4]
    assert {reply.fault for reply in replies.values()} <= {"", "length"}  # some are cut at the few tokens they have


def test_a_template_without_a_syntax_for_calls_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    path = recipe(tmp_path, "qwen")
    text = path.read_text()
    path.write_text(text.replace(next(line for line in text.splitlines() if "template:" in line), "  template: chatml"))
    with pytest.raises(Mistake, match=r"chatml has no syntax for calls.*say `template: \{use: model, path: FOLDER\}`"):
        load(path)


def test_a_vocabulary_without_the_mark_is_refused(tmp_path: Path) -> None:
    path = recipe(tmp_path, "chatml")
    path.write_text(path.read_text().replace("add_marks: true", "add_marks: false"))
    (arm,) = load(path)
    build_all([arm], tmp_path / "run", HERE, say=lambda _: None)
    with pytest.raises(Mistake, match=r"'<\|im_end\|>' of the template is no token of this model"):
        tokenise_all([arm], tmp_path / "run", say=lambda _: None)
    assert like_llama(marks=()).token_to_id("<|im_end|>") is None


def test_a_model_from_scratch_reads_by_the_vocabulary_of_its_template_and_no_further_than_it_can(
    tmp_path: Path,
) -> None:
    path = recipe(tmp_path, "qwen")
    small = "scratch: {hidden_size: 16, layers: 1, heads: 2, intermediate_size: 32, max_positions: 600}"
    path.write_text(path.read_text().replace("model: {path: base}", f"model: {{{small}}}"))
    (arm,) = load(path)
    build_all([arm], tmp_path / "run", HERE, say=lambda _: None)
    said: list[str] = []
    tokenise_all([arm], tmp_path / "run", say=said.append)
    own, ours = (
        Tokenizer.from_file(str(tmp_path / place / "tokenizer.json")) for place in ("base", "run/tokens/tokenizer")
    )
    assert ours.get_vocab() == own.get_vocab()
    lengths = np.diff(Tokens.open(tmp_path / "run" / "tokens").offsets)
    assert 300 < lengths.max() <= 600
    assert any("are cut behind the last reply that ends within 600 tokens" in line for line in said)
