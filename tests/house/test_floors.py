"""An import points to a lower floor (or stays in its package), and the check sees it when one does not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import agentflan
from tests.house.floors import FLOORS, LIGHT, wrong_imports

PACKAGE = Path(agentflan.__file__).parent
HEAVY = {"torch", "transformers", "matplotlib", "datasets"}


def test_every_import_points_to_a_lower_floor() -> None:
    assert wrong_imports(PACKAGE) == []


@pytest.mark.parametrize(
    ("floor", "line"),
    [
        ("core", "from agentflan.corpus.building.build import build"),
        ("transforms", "import agentflan.cli.main"),
        ("sources", "from agentflan.transforms import converse"),
        ("train", "from agentflan.evals.run import evaluate"),
        ("evals", "from agentflan import train"),
        ("serve", "from ..train import loss"),
        ("dialects", "def late():\n    from agentflan.recipes import recipe"),
        ("report", "if TYPE_CHECKING:\n    import agentflan.recipes"),
    ],
)
def test_a_planted_upward_import_is_found(tmp_path: Path, floor: str, line: str) -> None:
    for name in FLOORS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "sound.py").write_text(
            "from agentflan import __version__\nfrom agentflan.core import types\n"
        )
    (tmp_path / "core" / "sound.py").write_text("from agentflan.core import types\nfrom . import errors\n")
    assert wrong_imports(tmp_path) == []
    (tmp_path / floor / "planted.py").write_text(line + "\n")
    assert [each.partition(" imports ")[0].rpartition(" ")[2] for each in wrong_imports(tmp_path)] == [floor]


def test_a_package_on_no_floor_is_found(tmp_path: Path) -> None:
    (tmp_path / "attic").mkdir()
    (tmp_path / "attic" / "box.py").write_text("")
    assert [each.rpartition(": ")[2] for each in wrong_imports(tmp_path)] == ["attic is on no floor"]


@pytest.mark.parametrize("floor", [*LIGHT, "cli"])
def test_the_data_floors_name_no_heavy_library(floor: str) -> None:
    for path in (PACKAGE / floor).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").partition(".")[0]}
            else:
                continue
            assert not names & HEAVY, f"{path}:{node.lineno}"
