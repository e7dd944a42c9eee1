"""The command line's promises: exit codes, one sentence for a mistake, one JSON object, progress kept apart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from agentflan.cli.main import Commands, cli, run

COMMAND = '''"""{name} does what its name says."""

import click

from agentflan.cli.options import strict
from agentflan.cli.said import Said, tell
from agentflan.core.errors import Mistake, Mistakes


@click.command()
@click.option("--often", type=int, default=1)
@strict
def command(often):
    {body}
'''
PLANTED = {
    "works": 'tell("on the way"); return Said({"often": often}, "done")',
    "leaves": 'return Said({}, "", left=2)',
    "mistaken": 'raise Mistakes([Mistake("no row", where="a.json:3", mend="check it"), Mistake("no tool")])',
    "fails": 'raise ValueError("ours")',
    "starves": "import a_library_nobody_has",
    "full": 'raise OSError(28, "No space left on device", "corpus/part.parquet")',
    "lost": 'raise FileNotFoundError(2, "No such file or directory", "ours.txt")',
    "stopped": "raise KeyboardInterrupt",
}

Call = Callable[..., int]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """Runs commands that were planted for these tests through the real entry."""
    folder = tmp_path_factory.mktemp("planted") / "planted_commands"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name, body in PLANTED.items():
        (folder / f"{name}.py").write_text(COMMAND.format(name=name, body=body))
    sys.path.insert(0, str(folder.parent))
    commands = Commands(package="planted_commands", name="agentflan")
    yield lambda *arguments: run(arguments, commands)
    sys.path.remove(str(folder.parent))


def test_results_go_to_stdout_and_progress_to_stderr(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("works") == 0
    assert capsys.readouterr() == ("done\n", "on the way\n")


def test_json_is_one_object_on_every_call(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    for often in (1, 2):
        assert call("works", "--often", str(often), "--json") == 0
        assert json.loads(capsys.readouterr().out) == {"often": often}


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--strict",), 3), (("--json", "--strict"), 3)])
def test_rows_left_over_count_under_strict(call: Call, arguments: tuple[str, ...], code: int) -> None:
    assert call("leaves", *arguments) == code
    assert call("works", *arguments) == 0


def test_every_mistake_is_a_line_without_a_traceback(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("mistaken") == 2
    assert capsys.readouterr() == ("", "a.json:3: no row; check it\nno tool\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["work"], "there is no command 'work'; did you mean 'works'?"),
        (["works", "--oftne", "2"], "'--often'"),
        (["works", "--often", "two"], "'two' is not a valid integer"),
        (["works", "extra"], "unexpected extra argument"),
        (["starves"], "pip install 'agentflan[all]'"),
        (["full"], "corpus/part.parquet: no space left on device; free it or choose another place"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(
    call: Call, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert call(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert sentence.lower() in err.lower()


@pytest.mark.parametrize(("name", "kind"), [("fails", ValueError), ("lost", FileNotFoundError)])
def test_a_failure_of_ours_is_raised(call: Call, name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        call(name)


def test_an_interruption_is_quiet(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("stopped") == 130
    assert capsys.readouterr() == ("", "")


def test_help_shows_each_command_with_the_first_line_of_its_docstring(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--help") == 0
    shown = capsys.readouterr().out
    for name in PLANTED:
        assert f"{name} does what its name says." in shown
    assert call("works", "--help") == 0
    assert "works does what its name says." in capsys.readouterr().out


def test_every_shipped_command_has_help_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.list_commands(click.Context(cli)):
        assert run([name, "--help"]) == 0
        assert "--json" in capsys.readouterr().out


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    """`agentflan list | head -1` with a pipe that nobody reads any more."""
    module = [sys.executable, "-m", "agentflan", "list", "--json"]
    process = subprocess.Popen(module, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_full_disk_is_told_in_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "agentflan", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
