"""ROUGE-L: F1 over the longest common subsequence of words; and as upstream's package `rouge` computes it.

That package goes sentence by sentence and counts different words once each, so order hardly matters: a reply that
repeats itself loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 1_000
"""Words of a reply that are looked at."""


def rouge_l(reference: str, reply: str) -> float:
    """Over words in lower case, without punctuation."""
    due, said = (re.findall(r"\w+", text[: 20 * _LONGEST].lower())[:_LONGEST] for text in (reference, reply))
    return 2 * _table(due, said)[-1][-1] / max(1, len(due) + len(said))


def published_rouge_l(reference: str, reply: str) -> float:
    """Rounded to four digits, as API-Bank's evaluator does."""
    due, said = _sentences(reference), _sentences(reply)
    words = [len({word for sentence in text for word in sentence}) for text in (due, said)]
    if not all(words):
        return 0.0
    common = len({word for one in due for other in said for word in _common(one, other)})
    recall, precision = common / words[0], common / words[1]
    return round(2 * precision * recall / (precision + recall + 1e-8), 4)


def _sentences(text: str) -> list[list[str]]:
    """Parted at full stops and blanks; a sentence of blanks holds one empty word."""
    parts = text[: 20 * _LONGEST].split(".")
    return [part.split()[:_LONGEST] or [""] for part in parts if part][:_LONGEST]


def _table(due: Sequence[str], said: Sequence[str]) -> list[list[int]]:
    """[i][j]: length of the longest common subsequence of the first i and the first j words."""
    table = [[0] * (len(said) + 1)]
    for word in due:
        above, row = table[-1], [0]
        for place, other in enumerate(said):
            row.append(above[place] + 1 if word == other else max(above[place + 1], row[place]))
        table.append(row)
    return table


def _common(due: Sequence[str], said: Sequence[str]) -> list[str]:
    """One longest common subsequence, of several the one that `rouge` walks to."""
    table, i, j = _table(due, said), len(due), len(said)
    found = []
    while i and j:
        if due[i - 1] == said[j - 1]:
            found.append(due[i - 1])
            i, j = i - 1, j - 1
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found
