"""Marks added to a vocabulary: rows for them that begin where the model would have put them, all others untouched."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.tokenizer import fitted, load_tokenizer, save_tokenizer
from agentflan.templates.agent_flan import AgentFlan
from agentflan.templates.chatml import Chatml
from agentflan.train.settings import ModelSettings
from agentflan.train.starting import model as subject
from tests.templates.families import like_gpt, like_llama

MARKS = ("<|im_start|>", "<|im_end|>")


def llama(folder: Path, *, tie: bool, spare: int = 0) -> Path:
    """A model folder without role marks, `spare` rows larger than its vocabulary."""
    own = like_llama(marks=())
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=own.get_vocab_size() + spare,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        tie_word_embeddings=tie,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    own.save(str(folder / "tokenizer.json"))
    return folder


def tokens(folder: Path, own: Tokenizer) -> Path:
    save_tokenizer(fitted(own, Chatml(), add_marks=True), folder, Chatml())
    return folder


@pytest.mark.parametrize("spare", [0, 1, 64])
@pytest.mark.parametrize("tie", [True, False])
def test_new_rows_are_the_mean_of_the_pieces_and_old_rows_stay(tmp_path: Path, tie: bool, spare: int) -> None:
    base = llama(tmp_path / "base", tie=tie, spare=spare)
    own = load_tokenizer(base)
    words = tokens(tmp_path / "words", own)
    size, marked = own.get_vocab_size(), load_tokenizer(words)
    assert [marked.token_to_id(mark) for mark in MARKS] == [size, size + 1]
    before = LlamaForCausalLM.from_pretrained(base)
    grown = subject.begin(ModelSettings(path=base), words, 0)
    assert len(grown.get_input_embeddings().weight) == max(size + 2, size + spare) == grown.config.vocab_size
    for layer in ("get_input_embeddings", "get_output_embeddings"):
        old, new = getattr(before, layer)().weight, getattr(grown, layer)().weight
        assert torch.equal(old[:size], new[:size])
        for mark in MARKS:
            pieces = own.encode(mark, add_special_tokens=False).ids
            torch.testing.assert_close(new[marked.token_to_id(mark)], old[pieces].mean(0))
    assert (grown.get_input_embeddings().weight is grown.get_output_embeddings().weight) == tie


def test_the_same_vocabulary_changes_nothing(tmp_path: Path) -> None:
    base = llama(tmp_path / "base", tie=False)
    words = tokens(tmp_path / "words", load_tokenizer(base))
    once = subject.begin(ModelSettings(path=base), words, 0)
    subject.save(once, words, tmp_path / "tuned")
    again = subject.begin(ModelSettings(path=tmp_path / "tuned"), words, 0)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in once.state_dict().items())


def test_another_vocabulary_is_a_mistake(tmp_path: Path) -> None:
    base = llama(tmp_path / "base", tie=False)
    words = tmp_path / "words"
    save_tokenizer(like_gpt(), words, Chatml())
    with pytest.raises(Mistake, match="not only marks set them apart; tokenise with the model's own tokenizer"):
        subject.begin(ModelSettings(path=base), words, 0)


def test_marks_are_added_only_where_that_is_wanted() -> None:
    own = like_llama(marks=())
    with pytest.raises(Mistake, match=r"is no token of this model; say `corpus.add_marks: true`"):
        fitted(own, Chatml())
    added = fitted(own, AgentFlan(), add_marks=True)
    assert all(added.token_to_id(mark) is not None for mark in AgentFlan.marks)
    assert added.encode(f"a{AgentFlan.stop}b", add_special_tokens=False).tokens.count(AgentFlan.stop) == 1
    assert fitted(added, AgentFlan(), add_marks=True).to_str() == added.to_str()
