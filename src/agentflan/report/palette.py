"""The colours of the report, one meaning each: capabilities (after Okabe and Ito, safe for the colour-blind) and arms.

Everything is a CSS variable, so that light and dark pages draw from the same marks; the values are contrast-checked:
at least 3 : 1 for marks and 4.5 : 1 for text on the page's own ground.
"""

from __future__ import annotations

from typing import NamedTuple

from agentflan.core.types import CAPABILITIES

KINDS_OF_TEXT = (*CAPABILITIES, "chat")
"""The capabilities, and `chat` for trained text that has none: the order of every legend and table."""

TERMINAL = {"format": 32, "reasoning": 214, "retrieval": 36, "understanding": 176, "chat": 246}
"""The same hues among the 256 colours of a terminal."""


class Colour(NamedTuple):
    """One mark colour on a light and on a dark ground, and the tint behind text (where text is coloured at all)."""

    light: str
    dark: str
    light_tint: str = ""
    dark_tint: str = ""


COLOURS = {
    "ink": Colour("#1d2126", "#e8e6e1"),
    "muted": Colour("#596069", "#a3a9b2"),
    "line": Colour("#dfdcd5", "#31363d"),
    "ground": Colour("#fbfaf7", "#14171a"),
    "card": Colour("#ffffff", "#1b1f23"),
    "format": Colour("#0072b2", "#4ba3db", "#d3e8f5", "#123a54"),
    "reasoning": Colour("#b87400", "#e69f00", "#fbe6bd", "#4d3a10"),
    "retrieval": Colour("#00825f", "#2dbe93", "#cdeee2", "#0d4335"),
    "understanding": Colour("#b3588f", "#d98bb7", "#f5dcea", "#512c43"),
    "chat": Colour("#6b7280", "#9aa1ab", "#e6e6e8", "#343a42"),
    "arm-0": Colour("#c24f00", "#f08a4b"),
    "arm-1": Colour("#1d2126", "#e8e6e1"),
    "arm-2": Colour("#6f52b5", "#b39ddb"),
    "arm-3": Colour("#7d6608", "#d4b83c"),
    "arm-4": Colour("#2b7f86", "#6fc3c9"),
}

ARM_COLOURS = tuple(name for name in COLOURS if name.startswith("arm-"))


def arm_colour(index: int, arms: int) -> str:
    """Ink for a single arm; otherwise the arms' colours in turn."""
    return "arm-1" if arms == 1 else ARM_COLOURS[index % len(ARM_COLOURS)]


def variables() -> str:
    """The CSS custom properties, light by default and dark where the reader asked for it."""
    light = [f"--{name}:{colour.light}" for name, colour in COLOURS.items()]
    light += [f"--{name}-tint:{colour.light_tint}" for name, colour in COLOURS.items() if colour.light_tint]
    dark = [f"--{name}:{colour.dark}" for name, colour in COLOURS.items()]
    dark += [f"--{name}-tint:{colour.dark_tint}" for name, colour in COLOURS.items() if colour.dark_tint]
    return f":root{{{';'.join(light)}}}\n@media (prefers-color-scheme:dark){{:root{{{';'.join(dark)}}}}}\n"
