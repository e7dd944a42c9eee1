"""What a recipe says about the corpus: sources, chain, mix. Its plugs are loaded here, all mistakes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from agentflan.core import kinds, plugs
from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake, Mistakes

T = TypeVar("T")

PAPER_CHAIN: tuple[dict[str, Any], ...] = (
    {"use": "finished_only"},
    {"use": "no_restarts"},
    {"use": "format_lessons"},
    {"use": "converse"},
    {"use": "rebalance"},
    {"use": "negatives"},
)
"""The transforms of a recipe that names none: the paper's (section 4, appendix B)."""


class Mix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the shares come together. Nothing is ever repeated: a share that is too large is thinned out."""

    mode: Literal["concat", "ratio", "temperature"] = "concat"
    agent: float = 1.0
    """ratio: parts of everything but plain chat ..."""
    general: float = 1.0
    """... to parts of plain chat."""
    temperature: float = 2.0
    """temperature: a source of n rows counts as n ** (1 / temperature)."""

    def __post_init__(self) -> None:
        if min(self.agent, self.general, self.temperature) <= 0:
            raise ValueError("agent, general and temperature must be above 0")


class CorpusSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `corpus:` block of a recipe."""

    sources: tuple[dict[str, Any], ...]
    """Each `{use: SOURCE, path: GLOB or list, licence: TEXT, ...settings of the source}`."""
    transforms: tuple[str | dict[str, Any], ...] = PAPER_CHAIN
    """The chain, in order: of each its name, or `{use: NAME, ...settings}`. PAPER_CHAIN is the paper's."""
    mix: Mix = Mix()
    template: str | dict[str, Any] = "agent_flan"
    """Its name, or `{use: NAME, ...settings}`."""
    add_marks: bool = False
    """Marks of the template that the model's vocabulary lacks become tokens of it; its embeddings grow by as many."""
    replies: Literal["offline", "asked"] = "offline"
    """Where an Ask's replies come from: written patterns, or a language model, by way of `replies.jsonl`."""
    ask: dict[str, Any] | None = None
    """Who is asked: the settings of the model `http` (url, model, ...)."""
    validation_share: float = 0.02
    """Share of the groups that training never sees."""
    max_length: int = 8192
    """Tokens; longer conversations are cut at a message border. What is tuned on them can ask for less."""

    def __post_init__(self) -> None:
        if self.ask and "use" in self.ask:
            raise ValueError("ask: takes no `use`, it is always the model `http`")
        if not 0 <= self.validation_share < 1:
            raise ValueError("validation_share must lie in [0, 1)")
        if self.max_length < 2:
            raise ValueError("max_length must be at least 2")


class SourceEntry(NamedTuple):
    """One source with the files it reads."""

    name: str
    plug: kinds.Source
    files: tuple[Path, ...]
    licence: str


class Corpus(NamedTuple):
    """A `corpus:` block with its plugs loaded."""

    settings: CorpusSettings
    sources: tuple[SourceEntry, ...]
    transforms: tuple[tuple[str, Any], ...]
    """(name in the ledger, transform), composites taken apart."""
    template: kinds.Template
    seed: int
    entries: tuple[Any, ...]
    """The transforms as the recipe names them."""
    asked: Any = None
    """The model of the `ask:` block."""


def load_corpus(settings: CorpusSettings, *, folder: Path, seed: int, rows: bool = True) -> Corpus:
    """Loads all plugs; collects every mistake before it speaks. Without `rows`, their files may be absent."""
    wrong: list[Mistake] = []

    def attempt(load: Callable[..., T], *given: Any, **named: Any) -> T | None:
        try:
            return load(*given, **named)
        except Mistakes as several:
            wrong.extend(several.found)
        except Mistake as one:
            wrong.append(one)
        return None

    sources = [
        attempt(_source, entry, folder, f"corpus.sources[{number}]", rows)
        for number, entry in enumerate(settings.sources)
    ]
    if not settings.sources:
        wrong.append(Mistake("no source", where="corpus.sources", mend="name at least one"))
    transforms = [
        attempt(plugs.load, "transform", spec, folder=folder, seed=seed, where=f"corpus.transforms[{number}]")
        for number, spec in enumerate(settings.transforms)
    ]
    template: Any = attempt(plugs.load, "template", settings.template, folder=folder, where="corpus.template")
    asked = None
    if settings.ask is not None:
        asked = attempt(
            plugs.load, "model", {"use": "http", **settings.ask}, folder=folder, seed=seed, where="corpus.ask"
        )
    if settings.replies == "offline":
        wrong += [
            _wordless(number, each) for number, each in enumerate(transforms) if each and not _can_do_without(each)
        ]
    wrong += _misplaced(transforms)
    if template and any(isinstance(each, kinds.Speaking) and NATIVE in each.dialects for each in transforms):
        attempt(require_calls, template, "corpus.template", "say `template: {use: model, path: FOLDER}`")
    if wrong:
        raise Mistakes(wrong)
    chain = _unique([part for transform in transforms for part in _parts(transform)])
    return Corpus(settings, tuple(entry for entry in sources if entry), chain, template, seed, tuple(transforms), asked)


def _source(entry: dict[str, Any], folder: Path, where: str, rows: bool) -> SourceEntry:
    settings = dict(entry)
    patterns, licence = settings.pop("path", None), settings.pop("licence", None)
    plug = plugs.load("source", settings, folder=folder, where=where)
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not (isinstance(patterns, list) and patterns and all(isinstance(pattern, str) for pattern in patterns)):
        raise Mistake("a source needs files", where=f"{where}.path", mend="give a path, a glob, or a list of them")
    files: list[Path] = []
    for pattern in patterns:
        start = Path(pattern).anchor or folder
        there = sorted(Path(start).glob(pattern.removeprefix(Path(pattern).anchor)))
        found = [path for path in there if path.is_file()]
        if not found and (rows or there):
            what = "only what is no regular file" if there else "no file"
            raise Mistake(f"{what} matches {pattern!r}", where=f"{where}.path", mend=f"paths start at {folder}")
        files += found
    return SourceEntry(entry["use"], plug, tuple(dict.fromkeys(files)), licence or plug.licence)


def require_calls(template: Any, where: str, mend: str) -> None:
    """Raises `Mistake` for a template that cannot lay out the dialect `native`."""
    if not isinstance(template, kinds.Calling):
        what = (
            f"{plugs.settings_of(template)['use']} has no syntax for calls, which the dialect {NATIVE!r} leaves to it"
        )
        raise Mistake(what, where=where, mend=mend)
    template.calls()


def _parts(transform: Any) -> list[tuple[str, Any]]:
    name = plugs.settings_of(transform)["use"]
    if isinstance(transform, kinds.Parts):
        return [(f"{name}/{part}", each) for part, each in transform.parts()]
    return [(name, transform)]


def _misplaced(transforms: Sequence[Any]) -> Iterator[Mistake]:
    """Transforms on the side of `converse` on which they would do nothing, without a word."""
    turned = next((place for place, each in enumerate(transforms) if isinstance(each, kinds.Turning)), None)
    for place, each in enumerate(transforms):
        if turned is None or not isinstance(each, kinds.Sided):
            continue
        behind = place > turned
        if behind == (each.works_on == "trajectories") and place != turned:
            name, there = plugs.settings_of(each)["use"], plugs.settings_of(transforms[turned])["use"]
            yield Mistake(
                f"{name} works on {each.works_on}, and here are none",
                where=f"corpus.transforms[{place}]",
                mend=f"put it {'before' if behind else 'after'} `{there}`",
            )


def _can_do_without(transform: Any) -> bool:
    """Whether it has its own words, where no language model is asked."""
    return all(not isinstance(part, kinds.Ask) or isinstance(part, kinds.Offline) for _, part in _parts(transform))


def _wordless(number: int, transform: Any) -> Mistake:
    return Mistake(
        f"{_parts(transform)[0][0]} does nothing without a language model",
        where=f"corpus.transforms[{number}]",
        mend="say `replies: asked` and whom to `ask`",
    )


def _unique(parts: list[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
    """A transform that stands in the chain twice gets a number, so that the ledger keeps its books apart."""
    seen: Counter[str] = Counter()
    named = []
    for name, transform in parts:
        seen[name] += 1
        named.append((name if seen[name] == 1 else f"{name}#{seen[name]}", transform))
    return tuple(named)
