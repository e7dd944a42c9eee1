"""What all contestants get: a random Llama, and conversations that fill the packed rows of one optimiser step."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM

from agentflan.train.batching.packing import pack
from tests.train import tokens_folder

FILL = 0.97
"""Share of a step's rows that conversations fill: best-fit packing reaches it with a dozen of them."""
SPREAD = 0.6
"""Standard deviation of the logarithm of their lengths."""


class Shape(NamedTuple):
    name: str
    hidden: int
    intermediate: int
    layers: int
    heads: int
    vocabulary: int
    length: int
    """Tokens of a packed row."""
    rows: int
    """Of a step."""
    typical: int
    """Tokens of the median conversation."""
    turn: int
    """Tokens of the median message; every other one is a reply, which is trained."""
    steps: int
    warm: int
    """So many of the steps come before the clock: compilers and allocators settle."""

    def config(self) -> LlamaConfig:
        return LlamaConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            intermediate_size=self.intermediate,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            max_position_embeddings=self.length,
            initializer_range=0.02 * (4096 / self.hidden) ** 0.5,  # a 7B model's part of a look back, at any width
            bos_token_id=tokens_folder.SPECIAL.index("<s>"),
            eos_token_id=tokens_folder.END,
            pad_token_id=None,
            use_cache=False,
        )

    def model(self, device: torch.device) -> LlamaForCausalLM:
        """In float32 on the device; the same weights each time there."""
        torch.manual_seed(0)
        with device:
            return LlamaForCausalLM(self.config())


LLAMA_7B = Shape("llama-2-7b", 4096, 11008, 32, 32, 32000, 4096, 8, 800, 150, 6, 2)
"""6.74 billion parameters, some thirty conversations in 32,768 tokens a step."""
TINY = Shape("tiny", 64, 128, 2, 4, 96, 128, 2, 40, 10, 3, 1)
"""The whole way on a CPU, for the tests."""


def write(shape: Shape, folder: Path) -> Path:
    """A tokens folder with the conversations of one step; every epoch is that step again."""
    chance = np.random.default_rng(0)
    lengths = _lengths(shape, chance)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    trained = np.concatenate([_replies(length, shape.turn, chance) for length in lengths.tolist()])
    ids = chance.integers(len(tokens_folder.SPECIAL), shape.vocabulary, size=offsets[-1]).astype(np.uint16)
    ids[offsets[:-1]], ids[offsets[1:] - 1] = tokens_folder.SPECIAL.index("<s>"), tokens_folder.END
    arrays = {
        "ids": ids,
        "trained": trained,
        "capability": np.where(trained, np.arange(offsets[-1]) % 5, 0).astype(np.uint8),
        "weight": np.ones(offsets[-1], dtype=np.float32),
        "offsets": offsets,
        "validation": np.zeros(len(lengths), dtype=bool),
    }
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "sequences.txt").write_text("".join(f"made-{number}\n" for number in range(len(lengths))))
    tokens_folder.tokenizer(folder / "tokenizer", shape.vocabulary)
    return folder


def _lengths(shape: Shape, chance: np.random.Generator) -> NDArray[np.int64]:
    """As of real corpora: many short ones, a few that fill a row."""
    lengths: list[int] = []
    left = int(FILL * shape.rows * shape.length)
    while left > shape.turn:
        drawn = int(np.clip(shape.typical * np.exp(SPREAD * chance.standard_normal()), 2 * shape.turn, shape.length))
        lengths.append(min(drawn, left))
        left -= lengths[-1]
    while int(pack(np.array(lengths), shape.length).max()) >= shape.rows:
        lengths.pop()
    return np.array(lengths, dtype=np.int64)


def _replies(length: int, turn: int, chance: np.random.Generator) -> NDArray[np.bool_]:
    """Messages in turn, the user's first; the last one is a reply."""
    messages = max(2, 2 * round(length / turn / 2))
    borders = np.sort(chance.choice(np.arange(1, length), size=messages - 1, replace=False))
    return np.asarray(np.searchsorted(borders, np.arange(length), side="right") % 2 == 1)
