"""See what is trained: a conversation coloured by capability and by loss, as HTML and for a terminal.

Text with loss stands on the tint of its capability; text without loss is set back, and where it asks for a capability
(an elicit statement) it is underlined in that capability's colour. An assistant message ends with its end mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup

from agentflan.core.types import Conversation, Message
from agentflan.report.markup import chip, join, legend, tag, visible
from agentflan.report.palette import KINDS_OF_TEXT, TERMINAL

END = "◂"
"""Stands for the template's end mark in a terminal; on a page it is the word `end`, which is not copied."""
_FOLD = 900
"""Characters from which a message without loss is folded up on a page; it is never cut."""


class Run(NamedTuple):
    """Neighbouring characters that are trained alike."""

    text: str
    capability: str
    """`chat` where there is none."""
    trained: bool
    weight: float
    asks: bool = False
    """A user's text that asks for the capability."""
    end: bool = False
    """An assistant's end mark."""


def runs_of(message: Message) -> Iterator[Run]:
    """The segments of a message, and for an assistant its end mark, labelled as the tokens are."""
    for part in message.segments:
        asks = message.role == "user" and part.capability is not None
        yield Run(part.text, part.capability or "chat", part.loss, part.weight, asks)
    if message.role == "assistant" and message.segments:
        last = message.segments[-1]
        agent = any(part.capability for part in message.segments)
        yield Run(END, "format" if agent else "chat", last.loss, last.weight, end=True)


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


def key_html() -> Markup:
    """What the colours mean."""
    muted = tag("span", "no loss", class_="u")
    asks = tag("span", "asks for the thought", class_="u asks c-reasoning")
    end = join((tag("span", class_="t end c-chat"), "end mark"))
    return legend(*(chip(name) for name in KINDS_OF_TEXT), muted, asks, end)


def as_terminal(conversation: Conversation, *, colour: bool) -> str:
    """The conversation for a terminal; without colour, trained text stands in brackets that name its capability."""
    paint = _painted if colour else _bracketed
    lines = [visible(f"{conversation.id}  ({conversation.source}, {conversation.kind})")]
    lines += ["  ".join(paint(Run(name, name, True, 1.0)) for name in KINDS_OF_TEXT)]
    lines[-1] += "  " + paint(Run("no loss", "chat", False, 1.0))
    for message in conversation.messages:
        lines += ["", _heading(message.role, colour), "".join(paint(run) for run in runs_of(message))]
    lines += ["", _heading("characters of the assistant", colour)]
    for name, entry in counts(conversation).items():
        lines.append(f"{name:<14}{entry['trained']:>9,} trained of {entry['all']:>9,}")
    return "\n".join(lines) + "\n"


def _message_html(message: Message) -> Markup:
    runs = list(runs_of(message))
    text = tag("div", *(_run_html(run) for run in runs), class_="text")
    length = sum(len(run.text) for run in runs)
    if length > _FOLD and not any(run.trained for run in runs):
        summary = tag("summary", message.role, " ", tag("small", f"{length:,} characters"))
        return tag("details", summary, text, class_=f"message {message.role}")
    return tag("div", tag("div", message.role, class_="role"), text, class_=f"message {message.role}")


def _run_html(run: Run) -> Markup:
    title = f"{run.capability}, {'trained' if run.trained else 'no loss'}"
    if run.trained and run.weight != 1:
        title += f", weight {run.weight:g}"
    if run.asks:
        title = f"asks for {run.capability}, {title.partition(', ')[2]}"
    look = f"{'t' if run.trained else 'u'} c-{run.capability}{' asks' if run.asks else ''}"
    return (
        tag("span", class_=f"{look} end", title=title) if run.end else tag("span", run.text, class_=look, title=title)
    )


def _heading(text: str, colour: bool) -> str:
    return f"\x1b[1;4m{text}\x1b[0m" if colour else f"--- {text} ---"


def _painted(run: Run) -> str:
    hue = TERMINAL[run.capability]
    if run.trained:
        look = f"\x1b[1;38;5;16;48;5;{hue}m"
    else:
        look = f"\x1b[4;38;5;{hue}m" if run.asks else "\x1b[2m"
    # a background that runs over a line's end would fill the terminal's whole width
    return "\n".join(f"{look}{line}\x1b[0m" if line else "" for line in visible(run.text).split("\n"))


def _bracketed(run: Run) -> str:
    text = visible(run.text)
    if not run.trained:
        return text
    weight = f" x{run.weight:g}" if run.weight != 1 else ""
    return f"[{run.capability}{weight}|{text}]"
