"""Finds imports that point to a higher floor, or to the same floor next door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FLOORS = {
    "core": 0,
    "dialects": 1,
    "templates": 1,
    "models": 1,
    "sources": 2,
    "transforms": 2,
    "corpus": 3,
    "exports": 3,
    "train": 4,
    "evals": 4,
    "serve": 4,
    "report": 5,
    "recipes": 6,
    "cli": 7,
    "__main__": 8,
}
LIGHT = ("core", "dialects", "sources", "transforms", "corpus", "exports", "templates", "recipes")
"""The floors of the data: they start without torch and what else takes long."""
ROOT = "agentflan"


def wrong_imports(package: Path) -> list[str]:
    """`file:line: floor imports floor` for each import that breaks the rule, wherever in a file it stands."""
    found = []
    for path in sorted(package.rglob("*.py")):
        own = path.relative_to(package).parts[0].removesuffix(".py")
        if own == "__init__":
            found += [f"{path}:{line}: the root imports {target}" for line, target in imported(path, package)]
            continue
        if own not in FLOORS:
            found.append(f"{path}: {own} is on no floor")
            continue
        for line, target in imported(path, package):
            if target != own and FLOORS.get(target, 99) >= FLOORS[own]:
                found.append(f"{path}:{line}: {own} imports {target}")
    return found


def imported(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """(line, name right below the root) of each import of ours in a file."""
    here = (ROOT, *path.relative_to(package).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            names = [f"{module}.{alias.name}" for alias in node.names] if module == ROOT else [module]
        else:
            continue
        for name in names:
            root, _, rest = name.partition(".")
            if root == ROOT and rest and not rest.startswith("__version__"):
                yield node.lineno, rest.partition(".")[0]
