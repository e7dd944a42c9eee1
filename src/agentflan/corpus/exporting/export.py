"""Writes a built corpus in another tool's format: rows, a data card, and books that balance.

The folder appears when all is written; exporting again puts a new one in its place. Memory is bounded by the longest
item.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec

from agentflan.core import kinds, plugs
from agentflan.core.digest import sha256_of
from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Dropped, Trajectory
from agentflan.corpus.building import frames
from agentflan.corpus.exporting.account import Account
from agentflan.corpus.exporting.card import data_card
from agentflan.corpus.exporting.holdings import Told, corpus_of
from agentflan.corpus.exporting.schema import Schema, widened
from agentflan.corpus.store.parquet import conversations

MARK = "export.json"
"""The account of an export, and a checksum of each of its files; it tells a folder of ours from any other."""


def export(run: Path, plug: kinds.Export, out: Path) -> Account:
    """Writes the corpus of the run folder `run` to the folder `out`.

    Raises Mistake where there is no corpus, and where `out` holds anything but an earlier export.
    """
    corpus = corpus_of(run)
    _refuse_foreign(out)
    settings = plugs.settings_of(plug)
    account = Account(format=settings["use"], settings=settings)
    beside = out.with_name(f"{out.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        items = conversations(corpus) if plug.reads == "conversations" else Told(run)
        schema = _write(items, plug, beside, account)
        if isinstance(plug, kinds.Companions):
            for name, text in plug.companions(account.rows).items():
                frames.save(beside / name, [text.encode()])
        frames.save(beside / "README.md", [data_card(account, plug, schema, run).encode()])
        frames.save(beside / MARK, [_marked(beside, account)])
        shutil.rmtree(out, ignore_errors=True)
        beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return account


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not (out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir()))):
        raise Mistake("holds something else than an export", where=str(out), mend="name a new folder")


def _write(items: Iterable[Conversation] | Told, plug: kinds.Export, folder: Path, account: Account) -> Schema:
    schema: Schema = None
    with _Files(folder) as files:
        for item in items:
            account.items += 1
            found = plug(item)
            if isinstance(found, Dropped):
                account.drop(found.reason)
                left = {"id": item.id, "source": item.source, "reason": found.reason, "detail": found.detail}
                files.write("dropped.jsonl", left)
                continue
            if not found:
                raise TypeError(f"{account.format} returned nothing for an item: it must say Dropped(reason)")
            account.write(item, plug.carries)
            if isinstance(items, Told) and isinstance(item, Trajectory) and items.unmuted(item):
                account.lose("rebalance")
            for name, row in found:
                files.write(name, row)
                account.rows[name] = account.rows.get(name, 0) + 1
                if plug.uniform:
                    schema = widened(schema, row)
    if not account.balances():
        raise AssertionError("the books of the export do not balance")
    account.rows = dict(sorted(account.rows.items()))
    return schema


def _marked(folder: Path, account: Account) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
    return msgspec.json.format(msgspec.json.encode({**msgspec.to_builtins(account), "sha256": sums}), indent=1) + b"\n"


class _Files:
    """Files of rows below a folder: those of lines, of which a format has few, stay open; the others are a row each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        return self

    def write(self, name: str, row: Mapping[str, Any]) -> None:
        path = self.folder / name
        text = msgspec.json.encode(row)
        if name not in self._open:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not name.endswith(".jsonl"):
                path.write_bytes(text + b"\n")
                return
            self._open[name] = path.open("wb")
        self._open[name].write(text + b"\n")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for stream in self._open.values():
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
