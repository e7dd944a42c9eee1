"""What the corpus is made of: trained text by capability (paper section 4.2), conversations by source and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow.parquet as pq
from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.corpus.building.ledger import Characters
from agentflan.report.markup import breakable, count, join, share, tag
from agentflan.report.palette import KINDS_OF_TEXT
from agentflan.report.plots import Bar, bars
from agentflan.report.runs import arms, ledger, token_ledger

_KIND_COLOURS = {"agent": "ink", "general": "chat", "lesson": "format", "negative": "arm-0"}


class CorpusPanel(Plug, frozen=True):
    """Bars for the first seed of every arm."""

    title: str = "The corpus"
    place: int = 20

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        firsts = {arm: each[0] for arm, each in arms(runs).items()}
        several = len(firsts) > 1
        rows = []
        for title, draw in (
            ("Trained text by capability", _capabilities),
            ("Conversations by source and kind", _sources),
        ):
            figures = [draw(index, arm if several else title, run) for index, (arm, run) in enumerate(firsts.items())]
            if any(figures):
                rows.append((title, join(figures)))
        if not several:
            return tag("div", *(figures for _, figures in rows), class_="plots") if rows else ""
        return join(join((tag("h3", title), tag("div", figures, class_="plots"))) for title, figures in rows)


def _capabilities(index: int, heading: str, run: RunFolder) -> Markup:
    found, unit = _text(run)
    trained = sum(found.by_capability.values())
    if not trained:
        return Markup("")
    entries = [
        Bar(name, number, name, f"{_short(number)} · {share(number, trained)}")
        for name in KINDS_OF_TEXT
        for number in (found.by_capability.get(name, 0),)
    ]
    caption = f"{count(found.trained)} of {count(found.total)} {unit} are trained."
    return _figure(heading, bars(f"capability-{index}", f"{heading}: trained {unit} by capability", entries), caption)


def _text(run: RunFolder) -> tuple[Characters, str]:
    """What to count by: tokens where there are any, otherwise characters."""
    if tokens := token_ledger(run):
        return tokens.tokens, "tokens"
    book = ledger(run)
    return (book.characters if book else Characters()), "characters"


def _sources(index: int, heading: str, run: RunFolder) -> Markup:
    counted: Counter[tuple[str, str]] = Counter()
    for part in sorted(run.folder.glob("corpus/part-*.parquet")):
        counted.update(zip(*pq.read_table(part, columns=["source", "kind"]).to_pydict().values(), strict=True))
    total = counted.total()
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    entries = [
        Bar(f"{source}, {kind}", number, _KIND_COLOURS.get(kind, "muted"), f"{_short(number)} · {share(number, total)}")
        for (source, kind), number in ranked
    ]
    if not entries:
        return Markup("")
    plot = bars(f"source-{index}", f"{heading}: conversations by source and kind", entries)
    return _figure(heading, plot, f"{count(total)} conversations.")


def _figure(heading: str, plot: Markup, caption: str) -> Markup:
    return tag("figure", tag("h4", breakable(heading)), plot, tag("figcaption", caption))


def _short(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            return f"{number / min(size, 1e3 if letter == 'k' else size):.3g}{letter}"
    return count(number)
