"""Who takes part, in the order in which their turn comes: the first ones are those that nobody wants to miss."""

from __future__ import annotations

from typing import Any, NamedTuple

from agentflan.train.settings import Lora


class Entry(NamedTuple):
    what: str
    module: str
    """Of bench/contest."""
    function: str = "run"
    settings: dict[str, Any] = {}
    lora: bool = False
    needs: tuple[str, ...] = ()
    """What may not be installed."""


TRL = ("trl", "datasets")
ENTRIES = {
    "reference": Entry("each conversation alone; one pass, no step", "ours", "reference"),
    "loop": Entry("our loop, FlexAttention", "ours", settings={"backend": "loop"}),
    "loop-varlen": Entry("our loop, varlen attention", "ours", settings={"backend": "loop", "kind": "varlen"}),
    "trainer": Entry("our Trainer backend, FlexAttention", "ours", settings={"backend": "trainer"}),
    "hf-padded": Entry("transformers' Trainer, padded, sdpa", "theirs", "padded"),
    "hf-packed": Entry("transformers' Trainer, packed, sdpa with a 4D mask", "theirs", "packed_4d"),
    "trl": Entry("TRL, packed, FlexAttention", "with_trl", needs=TRL),
    "trl-liger": Entry(
        "TRL, packed, FlexAttention, Liger's kernels",
        "with_trl",
        settings={"liger": True},
        needs=(*TRL, "liger_kernel"),
    ),
    "loop-lora": Entry("our loop, LoRA of rank 16", "ours", settings={"backend": "loop", "lora": Lora()}, lora=True),
    "trl-lora": Entry("TRL, LoRA of rank 16", "with_trl", settings={"lora": True}, lora=True, needs=TRL),
}
"""On a CPU FlexAttention is sdpa."""
