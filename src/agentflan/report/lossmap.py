"""See what is trained: text coloured by capability and by loss, as HTML (for a terminal: `terminal.py`).

Text with loss stands on the tint of its capability; text without loss is set back, and where it has a capability
nevertheless (an elicit statement asks for one) it is underlined in that capability's colour.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from agentflan.core.types import Conversation, Message
from agentflan.report.markup import chip, join, legend, tag
from agentflan.report.palette import KINDS_OF_TEXT

END = "◂"
"""Stands for the template's end mark in a terminal; on a page it is the word `end`, which is not copied."""
LINE = "⏎"
"""Stands for a line break where tokens are shown one by one."""
_FOLD = 900
"""Characters from which a message without loss is folded up on a page; it is never cut."""


class Run(NamedTuple):
    """One token, or neighbouring characters that are trained alike."""

    text: str
    """Of a token that ends inside a character: nothing. The last one of the character has it whole."""
    capability: str
    """`chat` where there is none."""
    trained: bool
    weight: float
    asks: bool = False
    """Has a capability and no loss: an elicit statement asks for it."""
    end: bool = False
    """An end mark, or a part of one."""
    mark: str = ""
    """The whole mark of the template or the tokenizer that this is, or is a part of."""
    id: int | None = None
    """Of a token."""


def runs_of(message: Message) -> Iterator[Run]:
    """The segments of a message, and for an assistant its end mark, labelled as the tokens are."""
    for part in message.segments:
        asks = message.role == "user" and part.capability is not None
        yield Run(part.text, part.capability or "chat", part.loss, part.weight, asks)
    if message.role == "assistant" and message.segments:
        last = message.segments[-1]
        agent = any(part.capability for part in message.segments)
        yield Run(END, "format" if agent else "chat", last.loss, last.weight, end=True)


def alike(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Neighbours that are trained alike; a mark is apart from the text around it."""
    for _, group in groupby(runs, key=lambda run: run[1:7]):
        yield list(group)


def turns(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Cut before every mark that opens something: what follows a mark, or ends a reply, stays where it is."""
    turn: list[Run] = []
    for run in runs:
        opens = run.mark and not run.end and turn and turn[-1].mark != run.mark
        if opens and not all(before.mark for before in turn):
            yield turn
            turn = []
        turn.append(run)
    if turn:
        yield turn


def closed(turn: Sequence[Run], *, ids: bool) -> list[Run]:
    """A turn without the blanks that part it from the next, which stands below anyway; tokens keep a sign of them."""
    kept = list(turn)
    for at in reversed(range(len(kept))):
        run = kept[at]
        text = run.text.rstrip(" \n")
        if run.mark or run.trained:
            break
        blanks = run.text[len(text) :].replace("\n", LINE) if ids else ""
        kept[at] = run._replace(text=text + blanks)
        if text:
            break
    return kept


def spelled(run: Run) -> str:
    """A mark as it can be seen: vowel signs, which some marks end in, would sit on the character before."""
    if run.end:
        return END
    if run.mark:
        plain = "".join(letter for letter in run.text if not _combines(letter))
        return plain or f"\u25cc{run.text}"
    return f"\u25cc{run.text}" if run.id is not None and _combines(run.text[:1]) else run.text


def counts(conversation: Conversation) -> dict[str, dict[str, int]]:
    """Capability -> characters of the assistant's text, `all` and `trained`; end marks are not counted."""
    found = {name: {"all": 0, "trained": 0} for name in KINDS_OF_TEXT}
    for message in conversation.messages:
        for part in message.segments if message.role == "assistant" else ():
            entry = found[part.capability or "chat"]
            entry["all"] += len(part.text)
            entry["trained"] += len(part.text) if part.loss else 0
    return found


def as_html(conversation: Conversation) -> Markup:
    """The conversation as a list of messages; long messages without loss are folded, whole."""
    return tag("div", *(_message_html(message) for message in conversation.messages), class_="talk")


def turns_html(runs: Iterable[Run], *, ids: bool = False) -> Markup:
    """What a model sees, mark by mark; with `ids` token by token. Long turns without loss are folded, whole."""
    return tag("div", *(_turn_html(turn, ids) for turn in turns(runs)), class_="talk")


def key_html(*, marks: bool = False) -> Markup:
    """What the colours mean."""
    muted = tag("span", "no loss", class_="u")
    asks = tag("span", "asks for the thought", class_="u asks c-reasoning")
    end = join((tag("span", class_="t end c-chat"), "end mark"))
    more = (join((tag("span", "mark", class_="mark"), "of the template")),) if marks else ()
    return legend(*(chip(name) for name in KINDS_OF_TEXT), muted, asks, end, *more)


def _message_html(message: Message) -> Markup:
    runs = list(runs_of(message))
    text = tag("div", *(_run_html([run]) for run in runs), class_="text")
    return _folded(message.role, message.role, text, runs) or tag(
        "div", tag("div", message.role, class_="role"), text, class_=f"message {message.role}"
    )


def _turn_html(turn: list[Run], ids: bool) -> Markup:
    groups = alike(closed(turn, ids=ids))
    text = tag("div", *(_run_html(group, ids=ids) for group in groups), class_="text tokens" if ids else "text")
    role = "assistant" if any(run.end for run in turn) else "user"
    heading = "".join(spelled(group[0]._replace(text=_text(group))) for group in _opening(turn))
    return _folded(heading, role, text, turn) or tag("div", text, class_=f"message {role}")


def _folded(heading: str, role: str, text: Markup, runs: Sequence[Run]) -> Markup | None:
    """A message or a turn that is long and without loss is closed at first."""
    length = sum(len(run.text) for run in runs)
    if length <= _FOLD or any(run.trained for run in runs):
        return None
    summary = tag("summary", heading, " ", tag("small", f"{length:,} characters"))
    return tag("details", summary, text, class_=f"message {role}")


def _opening(turn: list[Run]) -> Iterator[list[Run]]:
    for group in alike(turn):
        if not group[0].mark or group[0].end:
            return
        yield group


def _run_html(group: list[Run], *, ids: bool = False) -> Markup:
    run = group[0]
    title = f"{run.capability}, {'trained' if run.trained else 'no loss'}"
    heavy = f"×{run.weight:g}" if run.trained and run.weight != 1 else None
    if heavy:
        title += f", weight {run.weight:g}"
    if run.asks:
        title = f"asks for {run.capability}, {title.partition(', ')[2]}"
    look = f"{'t' if run.trained else 'u'} c-{run.capability}{' asks' if run.asks else ''}"
    if run.mark and not run.end:
        look = "mark"
    if ids:
        return join(_token_html(each, look, title, heavy if each is group[-1] else None) for each in group)
    if run.end:
        return tag("span", class_=f"{look} end", title=title)
    return tag("span", spelled(run._replace(text=_text(group))), class_=look, title=title, data_weight=heavy)


def _token_html(run: Run, look: str, title: str, heavy: str | None) -> Markup:
    """A token over its id; a line break is shown, and made after it."""
    text = spelled(run).replace("\n", LINE) if run.text else "…"
    shown = tag("span", text, class_=look, data_weight=heavy)
    token = tag("span", shown, tag("small", run.id), class_="tok", title=title)
    return join((token, "\n" * run.text.count("\n")))


def _text(group: list[Run]) -> str:
    return "".join(run.text for run in group)


def _combines(letter: str) -> bool:
    return unicodedata.category(letter or "a")[0] == "M"
