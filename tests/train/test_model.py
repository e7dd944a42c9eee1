"""Models made from scratch and read from a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from agentflan.core.errors import Mistake
from agentflan.train.settings import ModelSettings, Scratch
from agentflan.train.starting import model as subject
from tests.train.tokens_folder import tokenizer

SMALL = Scratch(hidden_size=16, layers=1, heads=2, intermediate_size=32, qk_bias_std=0.5)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer(folder, 40)
    return folder


@pytest.fixture(scope="module")
def saved(words: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "model"
    subject.begin(ModelSettings(scratch=SMALL), words, 3).save_pretrained(folder)
    return folder


def test_a_seed_makes_one_model(words: Path) -> None:
    one, same, other = (subject.begin(ModelSettings(scratch=SMALL), words, seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["lm_head.weight"], other["lm_head.weight"])


def test_only_queries_and_keys_start_with_biases(words: Path) -> None:
    attention = subject.begin(ModelSettings(scratch=SMALL), words, 0).model.layers[0].self_attn
    assert 0.2 < attention.q_proj.bias.std() < 1
    assert 0.2 < attention.k_proj.bias.std() < 1
    assert not attention.v_proj.bias.any()
    assert not attention.o_proj.bias.any()


def broken(saved: Path, folder: Path, name: str, content: bytes | None) -> Path:
    folder.mkdir()
    for path in saved.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", None),
        ("config.json", b"{"),
        ("config.json", b"{}"),
        ("config.json", b'{"model_type": "no_such_family"}'),
        ("model.safetensors", None),
        ("model.safetensors", b"not weights"),
    ],
)
def test_a_folder_that_is_no_model_is_a_mistake_with_its_place(
    saved: Path, words: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    folder = broken(saved, tmp_path / "broken", name, content)
    with pytest.raises(Mistake) as caught:
        subject.begin(ModelSettings(path=folder), words, 0)
    assert str(folder) in str(caught.value)
    assert "a model folder holds config.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_without_all_its_weights_is_a_mistake(saved: Path, words: Path, tmp_path: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    folder = broken(saved, tmp_path / "broken", "config.json", json.dumps({**config, "num_hidden_layers": 2}).encode())
    with pytest.raises(Mistake, match="has no weights for"):
        subject.begin(ModelSettings(path=folder), words, 0)


def test_a_vocabulary_that_is_too_small_is_a_mistake(saved: Path, tmp_path: Path) -> None:
    tokenizer(tmp_path, 41)
    with pytest.raises(Mistake, match="knows 40 tokens and the tokenizer has 41"):
        subject.begin(ModelSettings(path=saved), tmp_path, 0)
