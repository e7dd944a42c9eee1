"""What the documents tell a reader to type is there: commands, options, make targets, linked files.

The commands of the README's walk (`init`, `run --dry-run`, `check`, `build`, ...) are executed in order in a clean
folder. Everything else is taken apart by the command's own parser, or by `make --dry-run`, and not carried out.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from agentflan.cli.main import cli, run

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
EXECUTED = {"init", "check", "build", "verify", "export", "ngrams", "list"}


def typed(document: Path) -> list[str]:
    """The lines of a document's shell blocks, without comments."""
    blocks = document.read_text(encoding="utf-8").split("```")[1::2]
    shell = (block for block in blocks if block.partition("\n")[0] in ("sh", "bash", "console"))
    lines = (line.partition(" #")[0].strip().removeprefix("$ ") for block in shell for line in block.splitlines()[1:])
    return [line.removeprefix(".venv/bin/") for line in lines if line]


def spoken_of(document: Path) -> list[str]:
    """The commands that stand in running text and tables, such as `agentflan build RECIPE -o RUN`."""
    return re.findall(r"`((?:agentflan|make) [a-z][^`]*)`", document.read_text(encoding="utf-8"))


ALL = sorted({line for document in DOCUMENTS for line in [*typed(document), *spoken_of(document)]})
COMMANDS = [line for line in ALL if line.startswith("agentflan ")]
TARGETS = [line for line in ALL if line.startswith("make ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_takes_what_is_written(line: str) -> None:
    name, *arguments = shlex.split(line.replace("[", "").replace("]", ""))[1:]
    command = cli.get_command(click.Context(cli), name)
    assert command
    try:
        command.make_context(name, arguments)
    except click.BadParameter as error:
        if isinstance(error, click.MissingParameter) or "does not exist" not in error.message:  # a path of the reader's
            raise


@pytest.mark.parametrize("line", TARGETS)
def test_a_make_target_is_there(line: str) -> None:
    words = ["make", "--dry-run", *shlex.split(line)[1:]]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_walk_of_the_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walked = []
    for line in typed(REPOSITORY / "README.md"):
        words = shlex.split(line.replace("project", str(tmp_path / "project")).replace("runs/", f"{tmp_path}/runs/"))
        if words[0] == "agentflan" and (words[1] in EXECUTED or "--dry-run" in words):
            assert run(words[1:]) == 0, capsys.readouterr().err
            walked.append(words[1])
    assert {*EXECUTED, "run"} <= set(walked)


def test_the_readme_knows_every_command() -> None:
    rows = {line.split()[1] for line in spoken_of(REPOSITORY / "README.md") if line.startswith("agentflan ")}
    assert rows == set(cli.list_commands(click.Context(cli)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_linked_files_are_there(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_the_plug_of_the_contributing_guide_is_one(tmp_path: Path) -> None:
    """The example is executed as other people's code: a file of its own, named by `package.module:Name`."""
    blocks = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8").split("```")[1::2]
    (code,) = (block.removeprefix("python\n") for block in blocks if block.startswith("python\n"))
    (tmp_path / "at_most.py").write_text(code)
    script = (
        "from agentflan.core.plugs import load\nprint(load('transform', {'use': 'at_most:AtMost', 'messages': 20}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "AtMost(messages=20)\n", done.stderr
