"""The loss map for a terminal: in colours, or into a pipe with brackets that name the capability of trained text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from agentflan.report.lossmap import LINE, Run, alike, closed, spelled, turns
from agentflan.report.markup import visible
from agentflan.report.palette import KINDS_OF_TEXT, TERMINAL

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MARK = "\x1b[38;5;255;48;5;240m"
_DIM = "\x1b[2m"
_ID = "\x1b[38;5;242m"
_OFF = "\x1b[0m"


def map_of(runs: Iterable[Run], *, colour: bool, ids: bool = False) -> str:
    """Every turn apart; with `ids` each token is followed by its id as a subscript."""
    shown = (alike(closed(turn, ids=ids)) for turn in turns(runs))
    return "\n\n".join("".join(group_of(group, colour=colour, ids=ids) for group in turn) for turn in shown)


def group_of(group: Sequence[Run], *, colour: bool, ids: bool = False) -> str:
    """Neighbours that are trained alike."""
    run = group[0]._replace(text="".join(each.text for each in group))
    weight = f"{run.weight:g}" if run.trained and run.weight != 1 else ""
    if colour:
        look = _look(run)
        text = "".join(_token(each, look) for each in group) if ids else _lines(spelled(run), look)
        return text + (f"{_DIM}×{weight}{_OFF}" if weight else "")
    text = "".join(_token(each, "") for each in group) if ids else visible(spelled(run))
    if run.mark and not run.end:
        return f"⟨{text}⟩"
    return f"[{run.capability}{f' x{weight}' if weight else ''}|{text}]" if run.trained else text


def legend(*, colour: bool, marks: bool = True) -> str:
    """What the colours or the brackets mean."""
    shown = [group_of([Run(name, name, True, 1.0)], colour=colour) for name in KINDS_OF_TEXT]
    shown.append(group_of([Run("no loss", "chat", False, 1.0)], colour=colour))
    if marks:
        shown.append(group_of([Run("mark", "chat", False, 1.0, mark="mark")], colour=colour))
    return "  ".join(shown)


def heading(text: str, *, colour: bool) -> str:
    return f"\x1b[1;4m{visible(text)}{_OFF}" if colour else f"--- {visible(text)} ---"


def table(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Capability, trained, all."""
    return "\n".join(
        f"{name:<14}{entry['trained']:>9,} trained of {entry['all']:>9,}" for name, entry in counts.items()
    )


def _token(run: Run, look: str) -> str:
    """A line break is shown, and made after the token's id; a token that ends inside a character is three dots."""
    text = visible(spelled(run).replace("\n", LINE)) if run.text else "…"
    number = str(run.id).translate(_SUBSCRIPT)
    plain = look == _DIM  # ids are set back instead
    shown = f"{'' if plain else look}{text}{'' if plain else _OFF}{_ID}{number}{_OFF}" if look else f"{text}{number}"
    return shown + "\n" * run.text.count("\n")


def _look(run: Run) -> str:
    hue = TERMINAL[run.capability]
    if run.trained:
        return f"\x1b[1;38;5;16;48;5;{hue}m"
    if run.mark:
        return _MARK
    return f"\x1b[4;38;5;{hue}m" if run.asks else _DIM


def _lines(text: str, look: str) -> str:
    """A background that runs over a line's end would fill the terminal's whole width."""
    return "\n".join(f"{look}{line}{_OFF}" if line else "" for line in visible(text).split("\n"))
