"""Write the n-grams of benchmark problems, hashed, for `decontaminate` to hold a corpus against.

PROBLEMS are files of JSON lines or JSON arrays: problems as `agentflan init` writes them, strings, or rows of any
benchmark, of which --field names the key that holds the question.
"""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.corpus.ngrams import write_ngrams
from agentflan.transforms.likeness.ngram_file import WORDS


@click.command()
@click.argument("problems", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--field", "fields", multiple=True, help="Key of a row that holds the question; may be repeated.")
@click.option("--n", type=click.IntRange(min=1), default=WORDS, show_default=True, help="Words in an n-gram.")
def command(problems: tuple[Path, ...], out: Path, fields: tuple[str, ...], n: int) -> Said:
    head = write_ngrams(problems, out, n=n, fields=fields)
    count = sum(file.problems for file in head.files)
    size = out.stat().st_size
    text = f"{out}: {head.ngrams:,} n-grams of {count:,} problems in {len(head.files)} files, {size:,} bytes"
    return Said({"file": out, "bytes": size, "head": head}, text)
