"""HotpotQA's measures of an answer (hotpot_evaluate_v1.py of hotpotqa/hotpot): exact match and token F1."""

from __future__ import annotations

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WHOLE = ("yes", "no", "noanswer")
"""Answers that are right or wrong, never in part."""


def normal(text: str) -> str:
    """Lower case, without punctuation and articles, single blanks."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact(said: str, gold: str) -> bool:
    return normal(said) == normal(gold)


def f1(said: str, gold: str) -> float:
    """Harmonic mean of precision and recall over the tokens, each as often as it occurs."""
    given, right = normal(said), normal(gold)
    if given != right and (given in _WHOLE or right in _WHOLE):
        return 0.0
    tokens, wanted = given.split(), right.split()
    same = (Counter(tokens) & Counter(wanted)).total()
    return 2 * same / (len(tokens) + len(wanted)) if same else 0.0
