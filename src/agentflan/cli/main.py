"""The `agentflan` command. What it can do lies in `commands/`, one thin file each, imported only when called.

A command is a module that holds one click command named `command`, which returns a `Said` and prints nothing. Its name
is the module's name, its help is the module's docstring, whose first line `agentflan --help` reads without importing
the module. `--json` is added here, to every command.

Built on click and not on typer, whose import alone (82 ms; click 50, a bare interpreter 14) is all the time that
`--help` may take, which is also why this module imports little.

Exit codes: 0 done; 1 a failure of ours, with its traceback; 2 a mistake the user can mend, in one sentence;
3 rows left over under `--strict`; 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from agentflan import __version__
from agentflan.cli.options import JSON, STRICT, json_option
from agentflan.core.errors import Mistake, nearest

FULL_OR_CLOSED = {errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS}
"""What a disk may answer that only the user can mend."""


class Commands(click.Group):
    """The modules of a package as subcommands."""

    def __init__(self, package: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.package = package
        self.folder = importlib.import_module(package).__path__[0]

    def list_commands(self, ctx: click.Context) -> list[str]:
        modules = (file.removesuffix(".py") for file in os.listdir(self.folder) if file.endswith(".py"))  # noqa: PTH208
        return sorted(name for name in modules if name != "__init__")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        known = self.list_commands(ctx)
        if cmd_name not in known:
            raise Mistake(f"there is no command {cmd_name!r}", mend=nearest(cmd_name, known))
        module = importlib.import_module(f"{self.package}.{cmd_name}")
        command: click.Command = module.command
        command.help = module.__doc__
        if not any(option.name == "json" for option in command.params):  # a module is imported once, but called again
            command.params.append(json_option())
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._first_line(name)) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> None:
        """Runs the command, prints what it says, ends with its exit code."""
        said = super().invoke(ctx)
        text = said.json() if ctx.meta[JSON] else said.text
        if text:
            click.echo(text)
        ctx.exit(3 if said.left and ctx.meta.get(STRICT) else 0)

    def _first_line(self, name: str) -> str:
        """The first line of the docstring that opens a module, without running it."""
        with open(f"{self.folder}/{name}.py", encoding="utf-8") as stream:  # noqa: PTH123
            return stream.readline().strip().strip('"')


@click.command(cls=Commands, package="agentflan.cli.commands")
@click.version_option(__version__, message="agentflan %(version)s")
def cli() -> None:
    """Redesigned agent corpora, capability-aware tuning and honest evaluation (Agent-FLAN, arXiv 2403.12881).

    Start with `agentflan init DIR`. Every command takes --help and --json.
    """


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], commands: click.Command = cli) -> int:
    """The exit code of one call. A failure of ours is raised, for Python to print and exit with 1."""
    try:
        with commands.make_context("agentflan", list(arguments)) as context:
            commands.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except Mistake as mistake:
        return _refuse(str(mistake))
    except click.ClickException as error:
        return _refuse(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ModuleNotFoundError as error:
        if not error.name or error.name.partition(".")[0] == "agentflan":
            raise
        return _refuse(f"this needs {error.name!r}, which is not installed; pip install 'agentflan[all]'")
    except OSError as error:
        if error.errno not in FULL_OR_CLOSED:
            raise
        return _refuse(f"{error.filename or 'output'}: {error.strerror}; free it or choose another place")
    return 0


def _refuse(sentence: str) -> int:
    click.echo(sentence, err=True)
    return 2
