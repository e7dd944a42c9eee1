"""Finds one conversation in what a person points at: a run, its corpus, its tokens, or a folder of runs."""

from __future__ import annotations

import difflib
from pathlib import Path

from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation
from agentflan.corpus.parquet import conversations
from agentflan.report.lossmap import as_html, key_html
from agentflan.report.markup import join, tag
from agentflan.report.page import Section, write_page
from agentflan.report.runs import run_folders


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
        if item.id.startswith(item_id) and len(begins) < 2:
            begins.append(item)
    if len(begins) == 1:
        return begins[0]
    what = "begins several ids" if begins else "is no id in here"
    raise Mistake(f"{item_id!r} {what}", where=str(folder), mend=_nearest(item_id, ids))


def corpus_of(path: Path) -> Path:
    """The corpus folder that belongs to a path."""
    for folder in (path, path / "corpus", path.parent / "corpus" if path.name == "tokens" else path):
        if any(folder.glob("part-*.parquet")):
            return folder
    return run_folders(path)[0].folder / "corpus"


def write_conversation(item: Conversation, out: Path) -> None:
    """The loss map of one conversation as a page of its own."""
    head = join((tag("p", f"{item.source}, {item.kind}", class_="note"), key_html()))
    write_page(out, title=item.id, head=head, sections=[Section("conversation", "What is trained", as_html(item))])


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
