"""What can be told of a plug from its file alone, without importing it and what it needs."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import msgspec

from agentflan.core.plugs import PACKAGES, names

PLAIN = {"Struct", "Record", "NamedTuple", "TypedDict", "Protocol", "Enum", "Exception"}


class Setting(msgspec.Struct, frozen=True):
    name: str
    type: str
    default: str | None = None
    """As written in the module; None: the recipe must give it."""
    about: str = ""
    """The docstring under the field."""


class PlugPage(msgspec.Struct, frozen=True):
    kind: str
    """Or the block of a recipe that it is of."""
    name: str
    about: str
    """First line of the docstring of the module, or of the block."""
    settings: tuple[Setting, ...]


def plug_page(kind: str, name: str) -> PlugPage:
    package = importlib.import_module(PACKAGES[kind])
    tree = ast.parse((Path(package.__path__[0]) / f"{name}.py").read_text(encoding="utf-8"))
    record = public_plugs(tree)[0]
    about = (ast.get_docstring(tree) or "").partition("\n")[0]
    return PlugPage(kind, name, about, tuple(settings_in(record)))


def plug_pages(kind: str) -> list[PlugPage]:
    return [plug_page(kind, name) for name in names(kind)]


def public_plugs(tree: ast.Module) -> list[ast.ClassDef]:
    """The classes of a module that `core.plugs.find` would take for its plug; exactly one is as it should be.

    Bases are not followed into other files: a public class that is built on anything but a plain record counts.
    """
    return [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and any(ast.unparse(base).rpartition(".")[2] not in PLAIN for base in node.bases)
    ]


def settings_in(record: ast.ClassDef) -> list[Setting]:
    """Its fields, in order."""
    found = []
    for place, node in enumerate(record.body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            type_ = ast.unparse(node.annotation)
            if not type_.startswith("ClassVar"):
                default = ast.unparse(node.value) if node.value else None
                found.append(Setting(node.target.id, type_, default, _docstring_after(record.body, place)))
    return found


def _docstring_after(body: list[ast.stmt], place: int) -> str:
    match body[place + 1 : place + 2]:
        case [ast.Expr(value=ast.Constant(value=str(text)))]:
            return " ".join(text.split())
    return ""
