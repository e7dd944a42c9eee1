"""T-Eval's six abilities as a web, arms side by side; a web for each language that was asked in."""

from __future__ import annotations

from collections.abc import Sequence

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.report.markup import breakable, join, legend, swatch, tag
from agentflan.report.measured import measured, results
from agentflan.report.palette import arm_colour
from agentflan.report.plots import marker_path, web

_BENCHMARK = "teval"
_ABILITIES = ("instruct", "plan", "reason", "retrieve", "understand", "review")
_LANGUAGES = {"en": "English", "zh": "Chinese"}


class AbilitiesPanel(Plug, frozen=True):
    """The outer ring is full marks. Several seeds are shown by their mean; the table of scores has their spread."""

    title: str = "Abilities (T-Eval)"
    place: int = 52

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        scored = {arm: seeds for arm, seeds in results(runs).items() if any(seed.get(_BENCHMARK) for seed in seeds)}
        figures = []
        for language, words in _LANGUAGES.items():
            found = [
                [measured(seeds, _BENCHMARK, f"{name}/{language}") for name in _ABILITIES] for seeds in scored.values()
            ]
            if any(each for row in found for each in row):
                rows = [[each and each.value for each in row] for row in found]
                labels = [name.capitalize() for name in _ABILITIES]
                plot = web(f"abilities-{language}", f"T-Eval, {words}", labels, rows)
                figures.append(tag("figure", tag("h4", words), plot))
        if not figures:
            return ""
        names = [
            join((swatch(arm_colour(index, len(scored)), marker=marker_path(index)), tag("span", breakable(arm))))
            for index, arm in enumerate(scored)
        ]
        note = tag("p", "The outer ring is full marks; intervals are in the table of scores.", class_="note")
        return join((note, legend(*names), tag("div", *figures, class_="plots wide")))
