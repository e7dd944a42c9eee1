"""What can be told of the blocks of a recipe: their keys, and those of the blocks inside."""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Iterator

import msgspec

from agentflan.cli.plug_pages import PlugPage, settings_in
from agentflan.corpus.settings import CorpusSettings
from agentflan.recipes.recipe import Recipe
from agentflan.train.settings import TrainSettings

BLOCKS: dict[str, type[msgspec.Struct]] = {"recipe": Recipe, "corpus": CorpusSettings, "train": TrainSettings}
"""Name -> record; `recipe` is the whole file."""


def block_pages(name: str) -> list[PlugPage]:
    """A block and those inside of it, but for those that have a name here themselves."""
    return list(_pages(name, name, BLOCKS[name]))


def _pages(block: str, name: str, record: type[msgspec.Struct]) -> Iterator[PlugPage]:
    node = ast.parse(inspect.getsource(record)).body[0]
    assert isinstance(node, ast.ClassDef)
    about = (ast.get_docstring(node) or "").partition("\n")[0]
    yield PlugPage(block, name, about, tuple(settings_in(node)))
    for field in msgspec.structs.fields(record):
        for inner in typing.get_args(field.type) or (field.type,):
            if inspect.isclass(inner) and issubclass(inner, msgspec.Struct) and inner not in BLOCKS.values():
                place = field.name if record is Recipe else f"{name}.{field.name}"
                yield from _pages(block, place, inner)
