"""Marks that were added to a model's vocabulary: rows of the embedding and of the output head for them.

A new row is the mean of the rows of the pieces that spelled the mark before (of all rows, where nothing spelled it): it
begins where the model would have put the mark, instead of as noise that moves every logit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.tokenizer import load_tokenizer


def grow(model: PreTrainedModel, own_folder: Path, tokenizer_folder: Path) -> None:
    """Makes room for the marks that the tokenizer has and the model's own lacks; all other rows stay as they are.

    Raises `Mistake` where the two differ in more than that.
    """
    own, used = load_tokenizer(own_folder), load_tokenizer(tokenizer_folder)
    before, now = own.get_vocab(with_added_tokens=True), used.get_vocab(with_added_tokens=True)
    marks = {token.content for token in used.get_added_tokens_decoder().values() if token.special}
    new = {mark: number for mark, number in now.items() if mark not in before}
    if before != {token: number for token, number in now.items() if token in before} or not new.keys() <= marks:
        raise Mistake(
            f"the model knows {len(before):,} tokens and the tokenizer has {len(now):,}; not only marks set them apart",
            where=str(own_folder),
            mend="tokenise with the model's own tokenizer",
        )
    if not new:
        return
    if max(new.values()) >= _rows(model):
        model.resize_token_embeddings(max(new.values()) + 1, mean_resizing=False)
    embedding, head = _weight(model.get_input_embeddings()), model.get_output_embeddings()
    _begin(embedding, own, new)
    if head is not None and _weight(head) is not embedding:
        _begin(_weight(head), own, new)


@torch.no_grad()
def _begin(weight: torch.Tensor, own: Tokenizer, new: dict[str, int]) -> None:
    known = own.get_vocab_size(with_added_tokens=True)
    for mark, number in sorted(new.items(), key=lambda pair: pair[1]):
        pieces = own.encode(mark, add_special_tokens=False).ids
        weight[number] = weight[pieces].mean(0) if pieces else weight[:known].mean(0)


def _rows(model: PreTrainedModel) -> int:
    return len(_weight(model.get_input_embeddings()))


def _weight(layer: Any) -> torch.Tensor:
    return cast(torch.Tensor, layer.weight)
