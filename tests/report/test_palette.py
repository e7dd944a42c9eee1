"""Nobody is shut out: contrast as WCAG 2.2 counts it (AA: 4.5 for text, 3 for marks), on light and dark pages."""

from __future__ import annotations

import pytest

from agentflan.report.palette import ARM_COLOURS, COLOURS, KINDS_OF_TEXT


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "card"])
def test_text_and_marks_stand_out(theme: str, ground: str) -> None:
    below = getattr(COLOURS[ground], theme)
    for name in ("ink", "muted"):
        assert contrast(getattr(COLOURS[name], theme), below) >= 4.5
    for name in (*KINDS_OF_TEXT, *ARM_COLOURS):
        assert contrast(getattr(COLOURS[name], theme), below) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", KINDS_OF_TEXT)
def test_trained_text_reads_on_its_tint(theme: str, name: str) -> None:
    tint = getattr(COLOURS[name], f"{theme}_tint")
    assert contrast(getattr(COLOURS["ink"], theme), tint) >= 7
    assert contrast(getattr(COLOURS["muted"], theme), tint) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["retrieval", "arm-0"])
def test_verdict_words_read_as_text(theme: str, name: str) -> None:
    """The ledger writes its check marks and its alarms in these."""
    assert contrast(getattr(COLOURS[name], theme), getattr(COLOURS["ground"], theme)) >= 4.5
