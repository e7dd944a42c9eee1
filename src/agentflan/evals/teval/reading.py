"""From a reply to the values in it, as T-Eval reads them (its test.py and teval/utils/format_load.py)."""

from __future__ import annotations

import ast
import json
import warnings
from typing import Any

from agentflan.dialects.calls.literals import FAILURES, modest

_ENDS = (
    "<eoa>",
    "<TOKENS_UNUSED_1>",
    "<|im_end|>",
    "\nuser",
    "\nassistant",
    "\nUSER",
    "[INST]",
    "<|user|>",
    "<|Human|>",
    "<|Assistant|>",
)
"""Where a reply is cut; the last two are the marks of our own protocol."""
_FENCE = "```json"


def tidied(text: str) -> str:
    """A reply as upstream stores it: up to the first mark, without blanks, the opening fence and backticks."""
    for end in _ENDS:
        text = text.partition(end)[0]
    return text.strip().removeprefix(_FENCE).strip("`").strip()


def loaded(value: Any, start: str = "", end: str = "") -> Any:
    """What a text spells, from the first `start` to the last `end`: a Python literal, JSON, or JSON in single quotes.

    Anything that is no text is its own value. Raises ValueError where the text spells nothing.
    """
    if not isinstance(value, str):
        return value
    text = value
    if _FENCE in text:
        text = text.partition(_FENCE)[2].strip("`")
    if start:
        text = text[text.find(start) :]  # upstream keeps the last character where there is no mark
    if end:
        text = text[: text.rfind(end) + len(end)]
    for read in (literal, json.loads, lambda spelled: json.loads(spelled.replace("'", '"'))):
        try:
            if not modest(text):
                break
            return read(text)
        except FAILURES:
            continue
    raise ValueError("the reply spells no value")


def literal(text: str) -> Any:
    """A Python literal of bounded size. Raises one of `FAILURES`."""
    if not modest(text):
        raise ValueError("too long or too deep for a literal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model's escapes are its own affair
        return ast.literal_eval(text)
