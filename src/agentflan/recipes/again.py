"""The corpus of a finished run, loaded again from its recipe and the very rows that it was built from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from agentflan.core.digest import sha256_of
from agentflan.core.errors import Mistake, Mistakes
from agentflan.corpus import manifest
from agentflan.corpus.building import replies
from agentflan.corpus.building.build import Say
from agentflan.corpus.building.trace import Trace, trace
from agentflan.corpus.settings import Corpus, CorpusSettings, load_corpus
from agentflan.recipes.text import read

_MEND = "put the rows back as they were, or build the run again"


def trace_again(run: Path, item_id: str, say: Say = lambda _: None) -> Trace:
    """Follows one item of a run; see `corpus.building.trace`. Raises `Mistake` for what is gone of it."""
    corpus = load_again(run)
    homes = [folder for folder in (run, run.parent) if (folder / replies.NAME).is_file()]  # arms share their parent's
    asked = replies.load(next(iter(homes), run) / replies.NAME) if corpus.settings.replies == "asked" else None
    found = trace(corpus, item_id, asked, say)
    if not found.row and not any(changes for _, changes in found.stages):
        raise Mistake(
            f"no row of this run has made {item_id!r}", where=str(run), mend="take an id of its corpus folder"
        )
    return found


def load_again(run: Path) -> Corpus:
    """Paths of a recipe start where it stood, which a run does not say: they are found by the files it has read."""
    recipe = run / "recipe.yaml"
    if not recipe.is_file():
        raise Mistake("has no recipe.yaml", where=str(run), mend="give a run folder that `agentflan build` wrote")
    data = read(recipe).data
    inputs = manifest.load(run).inputs
    try:
        settings = msgspec.convert(data.get("corpus"), CorpusSettings)
    except msgspec.ValidationError as error:
        raise Mistake(
            f"is no recipe of this version: {error}", where=str(recipe), mend="build the run again"
        ) from error
    for folder in dict.fromkeys(_starts(settings, inputs)):
        try:
            corpus = load_corpus(settings, folder=folder, seed=data.get("seed", 0))
        except Mistakes as several:
            if any(not one.where.endswith(".path") for one in several.found):
                raise
            continue
        _require_same(corpus, inputs)
        return corpus
    gone = next(iter(inputs), "its rows")
    mend = "run this from the folder in which the run was built, with the rows where they were"
    raise Mistake("is no longer there", where=gone, mend=mend)


def _starts(settings: CorpusSettings, inputs: Mapping[str, str]) -> Iterator[Path]:
    """Folders from which the first relative path of the recipe leads to a file that was read."""
    paths = [entry["path"] for entry in settings.sources]
    patterns = [Path(one) for path in paths for one in ([path] if isinstance(path, str) else path)]
    relative = next((pattern for pattern in patterns if not pattern.is_absolute()), None)
    if relative is None:
        yield Path()
        return
    for file in map(Path, inputs):
        if "**" in relative.parts:
            yield from file.parents
        elif file.match(str(relative)):
            yield file.parents[len(relative.parts) - 1]


def _require_same(corpus: Corpus, inputs: Mapping[str, str]) -> None:
    for file in (file for entry in corpus.sources for file in entry.files):
        if str(file) not in inputs:
            raise Mistake("was not there when the run was built", where=str(file), mend=_MEND)
        if sha256_of(file) != inputs[str(file)]:
            raise Mistake("has changed since the run was built: its checksum differs", where=str(file), mend=_MEND)
