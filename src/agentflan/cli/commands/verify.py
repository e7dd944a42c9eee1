"""Check the files of RUN against the checksums in its manifest.

RUN is a run folder, or a folder of runs such as one per arm.
"""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.core.errors import Mistakes
from agentflan.corpus.verify import verify


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def command(run: Path) -> Said:
    found = verify(run)
    if found.wrong:
        raise Mistakes(found.wrong)
    return Said(
        {"manifests": found.manifests, "files": found.files, "bytes": found.bytes},
        f"{found.files} files, {found.bytes:,} bytes: all as they were written",
    )
