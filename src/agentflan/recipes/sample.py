"""A part of every source's rows, built by the recipe's own chain, to tell how large the whole would be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from agentflan.core.kinds import WholeFile
from agentflan.corpus.building.build import build
from agentflan.corpus.files.rows import rows, shards
from agentflan.corpus.settings import Corpus, SourceEntry
from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.shape import Counts, Shaper, layout
from agentflan.corpus.tokens.tokenizer import fitted, load_tokenizer
from agentflan.recipes.recipe import Arm

BYTES = 2 << 20
"""Of raw rows in the sample, about."""
CHARACTERS_PER_TOKEN = 3.5
"""Where no tokenizer is at hand."""


class Sample(NamedTuple):
    """Figures for the whole corpus."""

    sequences: int
    tokens: int
    trained: float
    how: str


def sampled(arm: Arm) -> Sample | None:
    """None where a source has no rows here, or the sample leaves nothing."""
    corpus = arm.corpus
    total = sum(file.stat().st_size for entry in corpus.sources for file in entry.files)
    if not total or not all(entry.files for entry in corpus.sources):
        return None
    part = min(1.0, BYTES / total)
    with TemporaryDirectory() as place:
        home = Path(place)
        sources = tuple(_less(entry, home / str(number), part) for number, entry in enumerate(corpus.sources))
        transforms = tuple((name, _fewer(plug, part)) for name, plug in corpus.transforms)
        ledger = build(corpus._replace(sources=sources, transforms=transforms), home / "run")
        if not ledger["conversations"]:
            return None
        return _counted(corpus, arm, home / "run" / "corpus", part)


def _counted(corpus: Corpus, arm: Arm, built: Path, part: float) -> Sample | None:
    of = f"a sample of {part:.1%} of the rows" if part < 1 else "all rows"
    train = arm.recipe.train
    path = train.model.path if train is not None else None
    if path is not None and (path / "tokenizer.json").is_file():
        settings = corpus.settings
        tokenizer = fitted(load_tokenizer(path), corpus.template, add_marks=settings.add_marks)
        shaper = Shaper(tokenizer, corpus.template, settings.max_length)
        found = [one for item in conversations(built) for _, one in shaper([item], Counts())]
        tokens, trained = sum(len(one.ids) for one in found), sum(int(one.trained.sum()) for one in found)
        count, how = len(found), f"{of} in the model's own tokens"
    else:
        laid = [text for item in conversations(built) if (text := layout(corpus.template, item)) is not None]
        characters = sum(len(text.text) for text in laid)
        marked = sum(span.end - span.start for text in laid for span in text.spans if span.loss)
        tokens, trained = round(characters / CHARACTERS_PER_TOKEN), round(marked / CHARACTERS_PER_TOKEN)
        count, how = len(laid), f"{of}, {CHARACTERS_PER_TOKEN} characters taken for a token"
    return Sample(round(count / part), round(tokens / part), trained / tokens, how) if tokens else None


def _less(entry: SourceEntry, home: Path, part: float) -> SourceEntry:
    """The first rows of every file, as JSON lines; whole files where they are rows."""
    if part == 1:
        return entry
    if isinstance(entry.plug, WholeFile) and entry.plug.whole_file:
        return entry._replace(files=entry.files[: max(1, round(part * len(entry.files)))])
    home.mkdir()
    for number, file in enumerate(entry.files):
        with (home / f"{number}.jsonl").open("wb") as stream:
            stream.writelines(row + b"\n" for row in _first(file, entry, part))
    return entry._replace(files=tuple(sorted(home.iterdir())))


def _first(file: Path, entry: SourceEntry, part: float) -> Iterator[bytes]:
    room = part * file.stat().st_size
    for shard in shards(file, max(1, int(room)), entry.plug):
        for row in rows(shard):
            if room <= 0:
                return
            if isinstance(row, bytes):
                room -= len(row)
                yield row.replace(b"\n", b" ")


def _fewer(plug: Any, part: float) -> Any:
    """A transform that makes a fixed number makes a part of it."""
    wanted = {
        field.name: max(1, round(part * value))
        for field in msgspec.structs.fields(plug)
        if field.name.endswith("count") and isinstance(value := getattr(plug, field.name), int) and value
    }
    return msgspec.structs.replace(plug, **wanted) if wanted else plug
