"""Calls written under ReAct labels: `Action: name`, `Action Input: arguments`, each at the start of a line."""

from __future__ import annotations

from typing import NamedTuple

FORM = ("thought", "action", "action input", "final answer")
"""The labels that show an agent's form, in lower case."""
_LABELS = (*FORM, "observation")
_DECORATION = " \t*#->_`"


class Section(NamedTuple):
    """What stands under one label, up to the next."""

    label: str
    body: str


def sections(text: str) -> list[Section]:
    """The labelled parts of a reply; labels in mid-line count where a thought runs on into its action."""
    found = _sections(text)
    if found and all(section.label != "action" for section in found):
        return _sections(text.replace(" Action:", "\nAction:").replace(" Action Input:", "\nAction Input:"))
    return found


def calls(found: list[Section]) -> list[tuple[str, str]]:
    """(what each action says, its input as written); an input without an action is a call that says nothing."""
    calls = []
    for place, section in enumerate(found):
        if section.label == "action":
            follower = found[place + 1] if place + 1 < len(found) else Section("", "")
            calls.append((section.body.strip(), follower.body.strip() if follower.label == "action input" else ""))
    if not calls:
        calls = [("", section.body.strip()) for section in found if section.label == "action input"]
    return calls


def _sections(text: str) -> list[Section]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines(keepends=True):
        head, colon, tail = line.partition(":")
        label = _label(head) if colon and len(head) < 40 else ""
        if label in _LABELS:
            found.append((label, [tail.lstrip("* ")]))
        elif found:
            found[-1][1].append(line)
    return [Section(label, "".join(parts)) for label, parts in found]


def _label(head: str) -> str:
    """`**Action 2` -> `action`."""
    label = " ".join(head.strip(_DECORATION).replace("_", " ").split()).lower().rstrip("0123456789 ")
    return "action input" if label == "actioninput" else label
