"""List the plugs that a recipe can name, or the keys of its blocks, with all settings if a kind is given.

KIND is one of source, transform, export, dialect, template, model, backend, benchmark, panel; or one of recipe, corpus,
train, for the keys of these blocks.
"""

from __future__ import annotations

import click

from agentflan.cli.block_pages import BLOCKS, block_pages
from agentflan.cli.plug_pages import PlugPage, plug_pages
from agentflan.cli.said import Said
from agentflan.core.errors import Mistake, nearest
from agentflan.core.plugs import PACKAGES


@click.command()
@click.argument("kind", required=False)
def command(kind: str | None) -> Said:
    known = [*PACKAGES, *BLOCKS]
    if kind is not None and kind not in known:
        raise Mistake(f"there is no kind of plug and no block named {kind!r}", mend=nearest(kind, known))
    pages = {each: plug_pages(each) if each in PACKAGES else block_pages(each) for each in ([kind] if kind else known)}
    return Said(pages, _page(pages, with_settings=kind is not None))


def _page(pages: dict[str, list[PlugPage]], *, with_settings: bool) -> str:
    formatter = click.HelpFormatter(max_width=120)
    for kind, plugs in pages.items():
        rows: list[tuple[str, str]] = []
        for plug in plugs:
            rows.append((plug.name, plug.about))
            if with_settings:
                rows += [(f"  {each.name}", _setting(each.type, each.default, each.about)) for each in plug.settings]
        if rows:
            with formatter.section(kind):
                formatter.write_dl(rows)
    return formatter.getvalue().rstrip()


def _setting(type_: str, default: str | None, about: str) -> str:
    return f"{type_}{f' = {default}' if default is not None else ', required'}{'. ' + about if about else ''}"
