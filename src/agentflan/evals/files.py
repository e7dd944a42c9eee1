"""Benchmark data as published: a JSON array, one object of id -> record, or JSON lines under any name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from agentflan.core.digest import digest_of, sha256_of
from agentflan.core.errors import Mistake


class _Named(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T")
Named = TypeVar("Named", bound=_Named)
Row = tuple[str, dict[str, Any]]
"""(`file:line`, or `file[key]` where a file is one value; the record)."""


def rows(path: Path) -> list[Row]:
    """All records of a file. Raises Mistake with the place of the first that is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Mistake(f"no problems to read: {error.strerror}", where=str(path), mend="check the path") from error
    try:
        whole = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [_record(f"{path}:{number}", line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    if isinstance(whole, list):
        return [_checked(f"{path}[{number}]", value) for number, value in enumerate(whole)]
    if isinstance(whole, dict) and whole and all(isinstance(value, dict) for value in whole.values()):
        return [(f"{path}[{key}]", value) for key, value in whole.items()]
    return [_checked(f"{path}:1", whole)]


def records(path: Path, kind: type[T]) -> list[tuple[str, T]]:
    """All records of a file as what they must be, each with its place. Raises Mistake at the first that is not."""
    found = []
    for where, row in rows(path):
        try:
            found.append((where, msgspec.convert(row, kind)))
        except msgspec.ValidationError as error:
            raise Mistake(
                f"this record is not of its form: {error}", where=where, mend="use the published files"
            ) from error
    return found


def distinct(placed: Iterable[tuple[str, Named]]) -> list[Named]:
    """Problems, or records, without their places. Raises Mistake at the first with an id that another one has."""
    found: dict[str, Named] = {}
    for where, each in placed:
        if each.id in found:
            raise Mistake(f"the id {each.id!r} is there twice", where=where, mend="give each its own")
        found[each.id] = each
    return list(found.values())


def digest_of_files(paths: Iterable[Path]) -> str:
    """One digest of what the files hold, whatever folder they lie in."""
    return digest_of(sorted((path.name, sha256_of(path)) for path in paths))


def _record(where: str, line: bytes) -> Row:
    try:
        return _checked(where, msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Mistake(f"this line is no JSON: {error}", where=where, mend="write one JSON object a line") from error


def _checked(where: str, value: Any) -> Row:
    if not isinstance(value, dict):
        raise Mistake("this is no record: it is no JSON object", where=where, mend="write one JSON object for each")
    return where, value
