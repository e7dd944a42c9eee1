"""Attention for packed rows: within each sequence alone, in time that grows with their lengths and not with the row's.

`flex` (FlexAttention) reads a mask of blocks that transformers builds once for a batch, sliding windows included;
`varlen` (`torch.nn.attention.varlen`) reads the borders of the sequences. Both are entered in transformers' table of
attention functions, so that every model with the common interface can use them. `sdpa` and `eager` are its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel

from agentflan.core.errors import Mistake
from agentflan.train.settings import TrainSettings

HALF = (torch.bfloat16, torch.float16)


def check(settings: TrainSettings, device: torch.device) -> None:
    """Raises `Mistake` where the attention asked for cannot train on this device, before a model is there."""
    kind, where = settings.attention, "train.attention"
    if kind in ("flex", "varlen") and device.type != "cuda":
        what = f"`{kind}` trains on a GPU alone, and this is a {device.type}"
        raise Mistake(what, where=where, mend="say `attention: sdpa`")
    if kind in ("flex", "varlen") and not settings.packing:
        raise Mistake(f"`{kind}` is for packed rows", where=where, mend="say `packing: true`, or `attention: sdpa`")
    if kind == "varlen" and settings.precision != "bfloat16":
        raise Mistake(
            "`varlen` works in bfloat16 alone", where=where, mend="say `precision: bfloat16`, or `attention: flex`"
        )
    if kind == "varlen" and "window_size" not in signature(varlen_attn).parameters:
        raise Mistake(f"`varlen` needs torch 2.11, not {torch.__version__}", where=where, mend="say `attention: flex`")


def use(model: PreTrainedModel, settings: TrainSettings) -> None:
    """Lets the model attend as it is told. Raises `Mistake` if it cannot, or if it looks across a packed row."""
    AttentionInterface.register("flex", _flex)
    AttentionMaskInterface.register("flex", _flex_mask)
    AttentionInterface.register("varlen", _varlen)
    # varlen runs on a GPU alone: whether a model leaves all looking around to the function is tried with flex
    tried = "flex" if settings.attention == "varlen" else settings.attention
    try:
        model.set_attn_implementation(tried)
        if model.config._attn_implementation != tried:
            raise ValueError("it has an attention of its own")
        apart = not settings.packing or _keeps_apart(model)
    except ValueError as error:
        what = f"{type(model).__name__} cannot use `{settings.attention}`: {str(error).partition('. ')[0]}"
        raise Mistake(what, where="train.attention", mend="say `attention: eager`") from error
    if not apart:
        what = f"{type(model).__name__} looks from one sequence of a packed row into the next"
        raise Mistake(what, where="train.packing", mend="say `packing: false`")
    model.set_attn_implementation(settings.attention)


def borders(positions: NDArray[np.int64]) -> NDArray[np.int32]:
    """Where sequences begin and end if packed rows are laid end to end; the padding of a row counts as one of them."""
    return np.append(np.flatnonzero(positions == 0), positions.size).astype(np.int32)


@torch.no_grad()
def _keeps_apart(model: PreTrainedModel) -> bool:
    """Tries it: a sequence behind another one in its row comes out as it does alone, but for rounding."""
    was_training = model.training
    model.eval()
    ids = torch.arange(1, 9, device=model.device).unsqueeze(0) % model.config.get_text_config().vocab_size
    places = torch.arange(8, device=model.device).unsqueeze(0)
    two = {"input_ids": torch.cat((ids.flip(1), ids), 1), "position_ids": torch.cat((places, places), 1)}
    trunk: Any = model.get_decoder()
    packed = trunk(**two, use_cache=False).last_hidden_state[:, 8:].float()
    alone = trunk(input_ids=ids, position_ids=places, use_cache=False).last_hidden_state.float()
    model.train(was_training)
    return bool(torch.allclose(packed, alone, rtol=1e-3, atol=1e-4 * float(alone.abs().max())))


def _flex(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: BlockMask | None,
    scaling: float | None = None,
    softcap: float | None = None,
    dropout: float = 0.0,
    **more: Any,
) -> tuple[Tensor, None]:
    """(batch, heads, length, size) -> (batch, length, heads, size)."""
    _refuse(dropout, more, "flex")

    cap = softcap or 0.0

    def capped(score: Tensor, *_: Tensor) -> Tensor:
        return cap * torch.tanh(score / cap)

    out = _attend(query)(
        query,
        key,
        value,
        score_mod=None if softcap is None else capped,
        block_mask=attention_mask,
        scale=scaling,
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return out.transpose(1, 2).contiguous(), None


def _attend(query: Tensor) -> Callable[..., Any]:
    if torch.compiler.is_compiling():
        return flex_attention
    return _plainly if query.device.type == "cpu" else _compiled(flex_attention)


def _plainly(*given: Any, **more: Any) -> Any:
    """Without its kernel, which a CPU has for the forward pass alone and compiles for half a minute."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "flex_attention called without torch.compile")
        return flex_attention(*given, **more)


def _flex_mask(
    batch_size: int, q_length: int, kv_length: int, mask_function: Callable[..., Tensor], device: torch.device, **_: Any
) -> BlockMask:
    """What may be looked at, by blocks; transformers gives the rule: causal, in a window, within the sequence."""
    build = create_block_mask if torch.device(device).type == "cpu" else _compiled(create_block_mask)
    return build(mask_function, batch_size, None, q_length, kv_length, device=device)


def _varlen(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    scaling: float | None = None,
    softcap: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """As `_flex`; without borders every row is one sequence."""
    _refuse(dropout or softcap, more, "varlen")
    batch, heads, length, size = query.shape
    if cu_seq_lens_q is None:
        cu_seq_lens_q = torch.arange(0, batch * length + 1, length, dtype=torch.int32, device=query.device)
    half = value.dtype if value.dtype in HALF else torch.bfloat16  # autocast leaves rotated queries and keys wide
    query_, key_, value_ = (_end_to_end(each.to(half), heads) for each in (query, key, value))
    longest = max_length_q or length
    window = (-1 if sliding_window is None else sliding_window - 1, 0)
    ends = cu_seq_lens_q
    out: Any = varlen_attn(query_, key_, value_, ends, ends, longest, longest, scale=scaling, window_size=window)
    return out.view(batch, length, heads, size).to(query.dtype), None


def _end_to_end(each: Tensor, heads: int) -> Tensor:
    """(batch, its heads, length, size) -> (batch * length, heads, size)."""
    own = each.shape[1]
    repeated = each.repeat_interleave(heads // own, dim=1) if own < heads else each
    return repeated.transpose(1, 2).flatten(0, 1)


def _refuse(unknown: float | None, more: dict[str, Any], kind: str) -> None:
    """What these kernels do not know; a model that needs it would come out wrong without a word."""
    if unknown or any(more.get(name) is not None for name in ("s_aux", "position_bias")):
        raise ValueError(f"{kind} knows no dropout, sinks, position bias or (varlen) capped scores")


@lru_cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = torch.compile(function, dynamic=False)  # packed rows are all of one length
    return compiled
