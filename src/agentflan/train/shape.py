"""The sizes of a decoder of the Llama kind, from which parameters and memory follow; no torch is needed for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from agentflan.core.types import Record


class Shape(Record, frozen=True):
    """Width, depth and vocabulary of a decoder, as its config.json has them."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    vocabulary: int
    kv_heads: int | None = None
    """None: as many as heads."""
    head_size: int | None = None
    """None: the hidden size shared out among the heads."""
    tie: bool = False
    """One matrix for the embedding and the output head."""

    @property
    def queries(self) -> int:
        """Width of the queries, and of what attention gives."""
        return self.heads * (self.head_size or self.hidden_size // self.heads)

    @property
    def keys(self) -> int:
        """Width of the keys, and of the values."""
        return self.queries // self.heads * (self.kv_heads or self.heads)

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """The linear layers of one block: name -> (in, out)."""
        hidden, inner = self.hidden_size, self.intermediate_size
        return {
            "q_proj": (hidden, self.queries),
            "k_proj": (hidden, self.keys),
            "v_proj": (hidden, self.keys),
            "o_proj": (self.queries, hidden),
            "gate_proj": (hidden, inner),
            "up_proj": (hidden, inner),
            "down_proj": (inner, hidden),
        }

    @property
    def block(self) -> int:
        """Parameters of one block."""
        return sum(into * out for into, out in self.matrices.values()) + 2 * self.hidden_size

    @property
    def ends(self) -> int:
        """Parameters of the embedding and the output head."""
        return self.vocabulary * self.hidden_size * (1 if self.tie else 2)

    @property
    def parameters(self) -> int:
        return self.layers * self.block + self.ends + self.hidden_size


def shape_of(folder: Path) -> Shape | None:
    """That of a model folder; None for a family whose config.json does not say it in the words of a Llama's."""
    config: dict[str, Any] = msgspec.json.decode((folder / "config.json").read_bytes())
    if "num_experts" in config or "num_local_experts" in config:
        return None
    try:
        return Shape(
            hidden_size=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            intermediate_size=config["intermediate_size"],
            vocabulary=config["vocab_size"],
            kv_heads=config.get("num_key_value_heads"),
            head_size=config.get("head_dim"),
            tie=config.get("tie_word_embeddings", False),
        )
    except KeyError:
        return None
