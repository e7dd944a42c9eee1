"""Finds one conversation in what a person points at: a run, its corpus, its tokens, or a folder of runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from markupsafe import Markup

from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation
from agentflan.corpus.building.trace import Left, left
from agentflan.corpus.store.parquet import conversations
from agentflan.report import terminal, tokenmap
from agentflan.report.lossmap import as_html, counts, key_html, turns_html
from agentflan.report.markup import Column, chip, count, join, table, tag, visible
from agentflan.report.page import Section, write_page
from agentflan.report.runs import run_folders, template_of
from agentflan.report.tokenmap import Shown, shown


def find_conversation(path: Path, item_id: str | None = None) -> Conversation:
    """The first conversation, or the one whose id is or alone begins with `item_id`; a `Mistake` names the nearest."""
    folder = corpus_of(path)
    if item_id is None:
        first = next(conversations(folder), None)
        if first is None:
            raise Mistake("holds no conversation", where=str(folder), mend="see its ledger.json for what was dropped")
        return first
    begins: list[Conversation] = []
    ids: list[str] = []
    for item in conversations(folder):
        if item.id == item_id:
            return item
        ids.append(item.id)
        if item.id.startswith(item_id) and not (begins and item.id.startswith(begins[0].id)):
            begins = [item, *(each for each in begins[:1] if not each.id.startswith(item.id))]
    if len(begins) == 1:
        return begins[0]
    if begins:
        raise Mistake(f"{item_id!r} begins several ids", where=str(folder), mend=_nearest(item_id, ids))
    for line in lost(folder, item_id):
        what = f"{line.id!r} left at the stage {line.stage}: {line.reason}"
        raise Mistake(what, where=str(folder), mend="`--stages` shows its row and how it went")
    raise Mistake(f"{item_id!r} is no id in here", where=str(folder), mend=_nearest(item_id, ids))


def lost(folder: Path, item_id: str) -> Iterator[Left]:
    """What a corpus says of items that are not in it; `item_id` may be the beginning of their ids."""
    return (line for line in left(folder) if line.id.startswith(item_id))


def corpus_of(path: Path) -> Path:
    """The corpus folder that belongs to a path."""
    for folder in (path, path / "corpus", path.parent / "corpus" if path.name == "tokens" else path):
        if any(folder.glob("part-*.parquet")):
            return folder
    return run_folders(path)[0].folder / "corpus"


def show(path: Path, item_id: str | None = None) -> Shown:
    """One conversation with its tokens where the run has any; a path that is the corpus itself asks for characters."""
    item, corpus = find_conversation(path, item_id), corpus_of(path)
    tokens = corpus.parent / "tokens"
    made = corpus.resolve() != path.resolve() and (tokens / "ids.npy").is_file()
    return shown(item, template_of(corpus.parent), tokens if made else None)


def full_id(corpus: Path, item_id: str | None) -> str:
    """The id of an item of a corpus, or of one that left it; both may be given by their beginning."""
    if item_id is None:
        return find_conversation(corpus).id
    kept = (item.id for item in conversations(corpus) if item.id.startswith(item_id))
    ids = sorted({*kept, *(line.id for line in lost(corpus, item_id))})
    if not ids:
        return find_conversation(corpus, item_id).id
    if not all(each.startswith(ids[0]) for each in ids):
        raise Mistake(f"{item_id!r} begins several ids", where=str(corpus), mend=f"the first is {ids[0]!r}")
    return ids[0]


def as_text(found: Shown, *, colour: bool, ids: bool = False) -> str:
    """For a terminal, or a pipe."""
    item = found.item
    parts = [visible(f"{item.id}  ({item.source}, {item.kind})"), terminal.legend(colour=colour)]
    parts += [*_unless_tokens(found), "", terminal.map_of(found.runs, colour=colour, ids=ids)]
    if found.rest:
        parts += ["", terminal.heading(f"cut here: {_cut(found)}", colour=colour)]
    if found.tokens:
        parts += ["", terminal.heading(f"{len(found.runs):,} tokens", colour=colour), terminal.table(tokens_of(found))]
    else:
        parts += ["", terminal.heading("characters of the assistant", colour=colour), terminal.table(counts(item))]
    return "\n".join(parts) + "\n"


def tokens_of(found: Shown) -> dict[str, dict[str, int]]:
    """Capability -> tokens, `all` and `trained`."""
    return tokenmap.counts(found.runs)


def write_conversation(found: Shown, out: Path, *, ids: bool = False) -> None:
    """The loss map of one conversation as a page of its own."""
    item, unit = found.item, f"{len(found.runs):,} tokens" if found.tokens else "characters"
    head = [tag("p", f"{item.source}, {item.kind}, {unit}", class_="note"), key_html(marks=True)]
    head += [tag("p", said.capitalize(), class_="cut") for said in _unless_tokens(found)]
    body: list[object] = [turns_html(found.runs, ids=ids)]
    if found.rest:
        rest = as_html(msgspec.structs.replace(item, messages=found.rest))
        body += [
            tag("p", f"Cut here: {_cut(found)}.", class_="cut"),
            tag("details", tag("summary", "What follows"), rest),
        ]
    body.append(_table(found))
    write_page(out, title=item.id, head=join(head), sections=[Section("conversation", "What is trained", join(body))])


def _unless_tokens(found: Shown) -> Iterator[str]:
    """Why characters are shown though there are tokens."""
    if found.skipped:
        too_long = f"not even its first reply fits {found.max_length:,} tokens"
        why = too_long if found.skipped == "too_long" else "not one token of it has loss"
        yield f"in no sequence of the tokens ({found.skipped}): {why}"


def _cut(found: Shown) -> str:
    length = sum(len(part.text) for message in found.rest for part in message.segments)
    what = f"{len(found.rest):,} more messages ({length:,} characters)"
    return f"{what} do not fit {found.max_length:,} tokens and are not trained"


def _table(found: Shown) -> Markup:
    entries = tokens_of(found) if found.tokens else counts(found.item)
    unit = "tokens" if found.tokens else "characters of the assistant"
    columns = (Column("capability", text=True), Column("trained"), Column(f"all {unit}"))
    rows = [(chip(name), count(entry["trained"]), count(entry["all"])) for name, entry in entries.items()]
    return table(columns, rows, f"Trained {unit} by capability")


def _nearest(item_id: str, ids: list[str]) -> str:
    """Ids are digests: the one that shares the longest beginning, or the most letters."""
    if not ids:
        return "the corpus is empty"
    shared = max(ids, key=lambda known: len(_common(known, item_id)))
    if _common(shared, item_id):
        return f"did you mean {shared!r}?"
    close = difflib.get_close_matches(item_id, ids[:5_000], n=1, cutoff=0.0)
    return f"did you mean {close[0]!r}?" if close else f"the first is {ids[0]!r}"


def _common(one: str, other: str) -> str:
    length = next((index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    return one[:length] if length is not None else min(one, other, key=len)
