"""Modules stay small, say what they are, and have names that mean something; a plug module holds one plug."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import agentflan
from agentflan.cli.plug_pages import public_plugs
from agentflan.core.plugs import PACKAGES, names

PACKAGE = Path(agentflan.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.read_text(encoding="utf-8").strip())
NAMELESS = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}
PLUGS = [(kind, name) for kind in PACKAGES for name in names(kind)]


def label(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_module_is_small_and_opens_with_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 300
    assert path.stem not in NAMELESS
    assert ast.get_docstring(tree)
    assert text.startswith('"""')
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 50, f"{node.name} is too long"


@pytest.mark.parametrize(("kind", "name"), PLUGS)
def test_a_plug_module_holds_one_public_plug(kind: str, name: str) -> None:
    folder = PACKAGE.joinpath(*PACKAGES[kind].split(".")[1:])
    assert len(public_plugs(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8")))) == 1


def test_every_kind_has_a_plug() -> None:
    assert {kind for kind, _ in PLUGS} == set(PACKAGES)
