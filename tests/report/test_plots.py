from __future__ import annotations

import pytest
from markupsafe import Markup

from agentflan.report.plots import Bar, Curve, Dot, bars, curves, dots
from tests.report.html_text import Page

NAME = 'an $arm$ of <b>"1"</b> & more'


def drawn() -> list[Markup]:
    dot = Dot(0.5, 0.4, 0.6, "arm-0", 1, (0.4, 0.6))
    return [
        bars("a", NAME, [Bar(NAME, 3, "format", "3"), Bar("none", 0, "chat", "0")]),
        curves("b", NAME, [Curve((0, 50), (3.0, 0.02), "reasoning", 1, low=(2, 0.01), high=(4, 0.03))]),
        dots("c", NAME, [NAME, "other"], [[dot, dot], [dot]]),
    ]


def test_take_colours_and_fonts_from_the_page_and_text_stays_text() -> None:
    for svg in drawn():
        page = Page(svg)
        assert "font-family" not in svg
        assert "#0a0b" not in svg
        assert "var(--ink)" in svg
        assert "b" not in page.tags
        assert len(set(page.ids)) == len(page.ids)
    assert NAME in Page(drawn()[0]).text


def test_depend_on_the_values_alone() -> None:
    assert drawn() == drawn()


@pytest.mark.parametrize("values", [(0.0, 0.0), (1e-9, 1e9), (2.0,), (1.0, 1.0)])
def test_curves_take_any_loss(values: tuple[float, ...]) -> None:
    svg = curves("a", "loss", [Curve(range(len(values)), values, "ink")])
    assert "nan" not in svg.lower()


def test_bars_without_any_value() -> None:
    assert "none" in Page(bars("a", "nothing", [Bar("none", 0, "ink", "0")])).text
