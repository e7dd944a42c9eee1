"""What a tuning run can be told. Defaults are the paper's where it reports them, and say so where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from agentflan.train.shape import Shape


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise ValueError(sentence)


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A block of a recipe; a value that makes no sense is refused as soon as the block is read."""


class Scratch(_Settings, frozen=True):
    """A random Llama; its vocabulary is the tokenizer's. The defaults make one of about half a million parameters."""

    hidden_size: int = 128
    layers: int = 3
    heads: int = 4
    kv_heads: int | None = None
    """None: as many as heads."""
    intermediate_size: int = 256
    tie: bool = True
    """One matrix for the embedding and the output head."""
    max_positions: int = 2048
    init_std: float = 0.05
    """Standard deviation of the initial weights."""
    qk_bias_std: float = 0.0
    """Above 0, queries and keys get biases drawn with this deviation; small models learn to copy sooner with them."""

    def __post_init__(self) -> None:
        for name in ("hidden_size", "layers", "heads", "intermediate_size", "max_positions"):
            _require(getattr(self, name) >= 1, f"{name} must be at least 1")
        _require(self.hidden_size % (2 * self.heads) == 0, "hidden_size must be a multiple of twice the heads")
        _require(
            self.kv_heads is None or (self.kv_heads >= 1 and self.heads % self.kv_heads == 0),
            "heads must be a multiple of kv_heads",
        )
        _require(self.init_std > 0, "init_std must be above 0")
        _require(self.qk_bias_std >= 0, "qk_bias_std must not be negative")


class ModelSettings(_Settings, frozen=True):
    """Where the weights come from: `{path: FOLDER}` or `{scratch: {...}}`. Without a `model:` it is `{scratch: {}}`."""

    path: Path | None = None
    """A local folder that `transformers` can load."""
    scratch: Scratch | None = None
    shape: Shape | None = None
    """What `--dry-run` reckons with as long as the folder is not there."""

    def __post_init__(self) -> None:
        _require(
            (self.path is None) != (self.scratch is None), "model needs either `path` or `scratch`, one of the two"
        )


class Lora(_Settings, frozen=True):
    """Low-rank adapters beside frozen weights (arXiv 2106.09685), by peft."""

    rank: int = 16
    alpha: float = 32.0
    """The adapters' output is scaled by alpha / rank."""
    dropout: float = 0.0
    targets: tuple[str, ...] = ("all-linear",)
    """Names of the modules that get one, as peft matches them; `all-linear` is every linear layer but the head."""
    bits: Literal[4, 8] | None = None
    """Of the frozen weights, by bitsandbytes (QLoRA, arXiv 2305.14314). None: as they are."""
    merge: bool = False
    """The model folder holds whole weights with the adapters added in, not the adapters beside a base."""

    embeddings: bool = False
    """The embedding and the output head are tuned whole beside the adapters, as marks that were added need it."""

    def __post_init__(self) -> None:
        _require(self.rank >= 1, "rank must be at least 1")
        _require(self.alpha > 0, "alpha must be above 0")
        _require(0 <= self.dropout < 1, "dropout must lie in [0, 1)")
        _require(len(self.targets) > 0, "targets must name at least one module")
        _require(self.merge or not self.embeddings, "adapters cannot hold `embeddings`: say `merge: true` with it")
        _require(self.bits is None or not self.merge, "adapters are not merged into weights of 4 or 8 `bits`")


class TrainSettings(_Settings, frozen=True):
    """The `train:` (and `pretrain:`) block of a recipe."""

    backend: str | dict[str, Any] = "loop"
    """Name of the backend plug, or its entry `{use: NAME, ...}`."""
    model: ModelSettings = ModelSettings(scratch=Scratch())
    epochs: int = 1
    steps: int | None = None
    """Optimiser steps, going round the data as often as that takes. None: as many as `epochs` needs."""
    lora: Lora | None = None
    """None: all weights are tuned, as in the paper."""
    batch_size: int = 32
    """Sequences of one step (rows of `sequence_length` with `packing`), whatever the number of devices."""
    micro_batch_size: int | None = None
    """So many of them go through the model at once on one device. None: all that are its share of a step."""
    packing: bool = False
    """Several sequences to a row of `sequence_length` tokens, which do not see each other."""
    sequence_length: int = 4096
    """Longest sequence, in tokens. The paper does not report it; this is the context of its base model."""
    learning_rate: float = 2e-5
    """The peak."""
    warmup_from: float = 4e-6
    """Learning rate of the first step."""
    warmup_steps: int | None = None
    """Steps until the peak. None: 3 % of all; the paper does not report it."""
    schedule: Literal["cosine", "linear_tail"] = "cosine"
    """After the warm-up: half a cosine down to 0, or flat and then straight down to 0 in the last 30 % of the steps."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    """`muon` moves the hidden matrices by Muon and the rest by AdamW. The paper reports none."""
    muon_learning_rate: float = 0.015
    """Peak for the matrices that Muon moves; it follows the same schedule."""
    weight_decay: float = 0.0
    """On matrices and embeddings; norms and biases never decay."""
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    """Largest norm of the whole gradient; 0 clips nothing."""
    jump: float = 5.0
    """A step whose loss lies so many nats above the mean of the 32 before it stops the run; 0: only one that is not a
    number does, as a curriculum wants it, whose harder rows begin at once. A guess among 32,000 tokens is at 10."""
    order: Literal["shuffled", "given"] = "shuffled"
    """`given` keeps the order of the tokens folder (a curriculum) but for the windows."""
    window: int = 8
    """So many batches at a time are cut from sequences sorted by length, which saves padding; 1 sorts nothing."""
    prompt_weight: float = 0.0
    """Weight of the tokens that are not trained otherwise; above 0 for pretraining only."""
    balance: Literal["given", "measured"] = "given"
    """`measured`: beside the weights that the tokens bring, each capability gets one that follows its measured learning
    speed, from 1 on, anew after each validation."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of everything between the weights and the loss; weights, loss and moments stay in float32."""
    attention: Literal["sdpa", "eager", "flex", "varlen"] = "sdpa"
    """`eager` is quicker for short sequences in bfloat16 on a CPU; its memory grows with the square of the length.
    `flex` and `varlen` never look across the sequences of a packed row, nor spend time on it."""
    gradient_checkpointing: bool = False
    """Works the inside of each layer out again in backward, for memory."""
    compile: bool = False
    """Compiles each layer: half a minute at the start, faster steps on a GPU."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto`: the GPU if there is one."""
    threads: int = 0
    """Of torch on the CPU; 0 leaves them as they are. Small models on busy cores want 1."""
    log_every: int = 10
    """Steps between lines in metrics.jsonl."""
    validate_every: int = 100
    """Steps between passes over the validation rows. 0: only the two before the first step and after the last."""
    save_every: int = 200
    """Steps between checkpoints; 0: none."""
    keep: Literal["last", "best"] = "last"
    """Which weights the model folder holds: those after the last step, or those of the lowest validation loss."""
    save_as: Literal["base", "float32", "bfloat16", "float16"] = "base"
    """What the numbers of whole weights are saved as; `base`: as those that tuning began with (from scratch: float32).
    They are tuned in float32 and rounded once, at the end."""
    seed: int = 0

    def __post_init__(self) -> None:
        if wrong := [sentence for holds, sentence in self._claims() if not holds]:
            raise ValueError("\n".join(wrong))

    def _claims(self) -> Iterator[tuple[bool, str]]:
        for name in ("epochs", "batch_size", "log_every", "window"):
            yield getattr(self, name) >= 1, f"{name} must be at least 1"
        for name in ("weight_decay", "clip", "jump", "prompt_weight", "threads", "validate_every", "save_every"):
            yield getattr(self, name) >= 0, f"{name} must not be negative"
        for name in ("learning_rate", "muon_learning_rate"):
            yield getattr(self, name) > 0, f"{name} must be above 0"
        micro = self.micro_batch_size
        yield micro is None or micro >= 1, "micro_batch_size must be at least 1"
        yield micro is None or micro <= max(1, self.batch_size), "micro_batch_size must not be above batch_size"
        yield self.steps is None or self.steps >= 1, "steps must be at least 1"
        yield self.sequence_length >= 2, "sequence_length must be at least 2"
        yield self.warmup_steps is None or self.warmup_steps >= 0, "warmup_steps must not be negative"
        if self.learning_rate > 0:
            yield 0 <= self.warmup_from <= self.learning_rate, "warmup_from must lie between 0 and learning_rate"
        if self.steps is not None and self.warmup_steps is not None:
            yield self.warmup_steps < max(2, self.steps), "warmup_steps must be below steps"
        yield all(0 <= beta < 1 for beta in self.betas), "betas must lie in [0, 1)"
