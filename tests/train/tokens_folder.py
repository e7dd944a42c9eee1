"""A small tokens folder of numbered words, for the tests of training and its bench."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast

SPECIAL = ["<unk>", "<s>", "<pad>", "<end>"]
END = SPECIAL.index("<end>")
TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{{ ' <end> ' }}{% endfor %}"


def tokenizer(folder: Path, words: int) -> None:
    """`words` words, the special ones among them."""
    names = SPECIAL + [f"w{number}" for number in range(len(SPECIAL), words)]
    bare = Tokenizer(WordLevel({name: number for number, name in enumerate(names)}, unk_token="<unk>"))
    bare.pre_tokenizer = WhitespaceSplit()
    marks = {"unk_token": "<unk>", "bos_token": "<s>", "pad_token": "<pad>", "eos_token": "<end>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=bare, **marks)
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)


def write(
    folder: Path, sequences: int, *, words: int = 40, length: int = 12, held_out: int = 0, seed: int = 0, muted: int = 0
) -> Path:
    """Random sequences from half of `length` to `length` long; the second half of each is trained.

    Plain chat and the capabilities take turns token by token. The last `held_out` sequences validate; the first `muted`
    have nothing to learn.
    """
    chance = np.random.default_rng(seed)
    lengths = chance.integers(max(4, length // 2), length + 1, size=sequences)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    ids = chance.integers(len(SPECIAL), words, size=offsets[-1]).astype(np.uint16)
    trained = np.zeros(offsets[-1], dtype=bool)
    for index in range(muted, sequences):
        trained[offsets[index] + lengths[index] // 2 : offsets[index + 1]] = True
    ids[offsets[:-1]] = SPECIAL.index("<s>")
    ids[offsets[1:] - 1] = END
    arrays = {
        "ids": ids,
        "trained": trained,
        "capability": (np.arange(offsets[-1]) % 5).astype(np.uint8),
        "weight": chance.choice([0.25, 0.75, 1.0], size=offsets[-1]).astype(np.float32),
        "offsets": offsets,
        "validation": np.arange(sequences) >= sequences - held_out,
        "group": (np.arange(sequences) // 2).astype(np.int32),
    }
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "sequences.txt").write_text("".join(f"row-{index}\n" for index in range(sequences)))
    tokenizer(folder / "tokenizer", words)
    return folder
