"""A saved model answers the same alone and in company, stops at its mark, and says what it cannot take."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest
import torch
from msgspec import structs
from transformers import AutoModelForCausalLM, AutoTokenizer

from agentflan.core.chance import pick
from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake
from agentflan.core.plugs import load
from agentflan.core.types import Message, Problem, Reply, Segment, ToolSpec
from agentflan.models.hf import Hf
from agentflan.templates.chatml import Chatml
from tests.models.tiny import WORDS, saved


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("run") / "model")


def problem(number: int, words: int) -> Problem:
    text = " ".join(pick(WORDS, number, place) for place in range(words))
    return Problem(id=str(number), messages=(Message(role="user", segments=(Segment(text=text),)),))


PROBLEMS = [problem(number, 1 + number * 7 % 23) for number in range(16)]


def replies(model: Hf, problems: list[Problem]) -> list[Reply]:
    found: dict[int, Reply] = {}
    model(problems, found.__setitem__)
    assert sorted(found) == list(range(len(problems)))
    return [found[index] for index in range(len(problems))]


def test_together_and_one_by_one_are_the_same(folder: Path) -> None:
    together = replies(Hf(path=folder, max_new_tokens=20, batch_size=8), PROBLEMS)
    alone = replies(Hf(path=folder, max_new_tokens=20, batch_size=1), PROBLEMS)
    assert together == alone
    assert len({reply.text for reply in together}) > 10


def test_each_problem_keeps_to_its_own_limit_in_any_company(folder: Path) -> None:
    limits = [place % 4 for place in range(len(PROBLEMS))]
    limited = [structs.replace(each, max_tokens=limit) for each, limit in zip(PROBLEMS, limits, strict=True)]
    together = replies(Hf(path=folder, max_new_tokens=20), limited)
    assert together == replies(Hf(path=folder, max_new_tokens=20, batch_size=1), limited)
    by_limit = {limit: replies(Hf(path=folder, max_new_tokens=limit or 20), PROBLEMS) for limit in set(limits)}
    assert together == [by_limit[limit][place] for place, limit in enumerate(limits)]


def test_a_reply_that_is_cut_says_so_and_one_that_ends_does_not(folder: Path) -> None:
    short, long = (replies(Hf(path=folder, max_new_tokens=limit), PROBLEMS) for limit in (10, 40))
    assert {reply.fault for reply in short} == {"", "length"}
    for cut, further in zip(short, long, strict=True):
        assert further.text.startswith(cut.text) if cut.fault else further == cut


def test_it_says_what_transformers_generate_says(folder: Path) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    said = []
    for each in PROBLEMS[:8]:
        chat = [{"role": "user", "content": each.messages[0].segments[0].text}]
        text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        out = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False, pad_token_id=0
        )
        said.append(tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))
    ours = [reply.text for reply in replies(Hf(path=folder, max_new_tokens=20), PROBLEMS[:8])]
    assert ours == said
    assert {len(text.split()) < 15 for text in said} == {True, False}  # some stop at the end mark, some at the limit


def test_a_prompt_too_long_is_a_fault_and_no_answer(tmp_path: Path) -> None:
    model = Hf(path=saved(tmp_path / "short", positions=24), max_new_tokens=200)
    found = replies(model, [problem(0, 3), problem(1, 40), problem(2, 19)])
    assert [reply.fault for reply in found] == ["length", "context_overflow", "length"]
    assert len(found[2].text.split()) <= 2  # as far as the positions reach


def test_long_prompts_bring_no_warning_of_the_tokenizer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = saved(tmp_path / "short", positions=24)
    config = json.loads((place / "tokenizer_config.json").read_text())
    (place / "tokenizer_config.json").write_text(json.dumps({**config, "model_max_length": 24}))
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)  # it passes nothing on to the root
    caplog.set_level(logging.WARNING, logger="transformers")  # a Trainer in this process lowers its voice
    try:
        assert replies(Hf(path=place), [problem(1, 40)])[0].fault == "context_overflow"
        assert caplog.messages == []
        AutoTokenizer.from_pretrained(place)("rain " * 40)
        assert "longer than" in caplog.text
    finally:
        logger.removeHandler(caplog.handler)


def test_tools_for_a_template_without_a_syntax_for_them_are_a_mistake(tmp_path: Path) -> None:
    model = Hf(path=saved(tmp_path / "chatml", template=Chatml().jinja))
    tool = ToolSpec(name="tide_table")
    with pytest.raises(Mistake, match="refuses a problem: this chat template takes no tools"):
        replies(model, [structs.replace(problem(0, 3), tools=(tool,), syntax=NATIVE)])


def test_no_problems_are_no_trouble(folder: Path) -> None:
    assert replies(Hf(path=folder), []) == []


def test_the_identity_is_of_the_weights_and_not_of_the_place(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "renamed"
    shutil.copytree(folder, moved)
    assert Hf(path=moved).identity == Hf(path=folder).identity
    assert Hf(path=moved, max_new_tokens=7).identity != Hf(path=folder).identity
    assert Hf(path=saved(tmp_path / "other", seed=1)).identity != Hf(path=folder).identity


def test_the_identity_of_adapters_is_of_their_base_too(tmp_path: Path) -> None:
    base, adapters = saved(tmp_path / "base"), tmp_path / "adapters"
    adapters.mkdir()
    (adapters / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    before = Hf(path=adapters).identity
    assert Hf(path=adapters).identity == before
    saved(base, seed=1)
    assert Hf(path=adapters).identity != before


def test_a_model_of_the_hubs_cache_has_the_hubs_name(folder: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--some--model" / "snapshots" / "0123"
    shutil.copytree(folder, snapshot)
    assert Hf(path=snapshot).name == "some/model"
    assert Hf(path=snapshot).identity == Hf(path=folder).identity


def test_a_model_that_was_tuned_again_is_loaded_again(tmp_path: Path) -> None:
    place = tmp_path / "model"
    before = replies(Hf(path=saved(place), max_new_tokens=8), PROBLEMS)
    after = replies(Hf(path=saved(place, seed=5), max_new_tokens=8), PROBLEMS)
    assert before != after


def test_a_folder_that_is_no_model_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"holds no config\.json"):
        _ = load("model", {"use": "hf", "path": str(tmp_path)}).identity
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(Mistake, match="does not load"):
        Hf(path=tmp_path)(PROBLEMS, lambda index, reply: None)
    with pytest.raises(Mistake, match="no chat template"):
        Hf(path=saved(tmp_path / "bare", template=None))(PROBLEMS, lambda index, reply: None)
