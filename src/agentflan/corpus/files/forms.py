"""What a file is, from its first bytes, never from its name; what is no file of rows is named with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Quarantined

CHUNK = 4 << 20
"""Bytes looked at in one go."""
ROW_LIMIT = 16 << 20
"""Bytes of the largest row a source is given; a longer one is quarantined."""
SHARD_ROWS = 100_000
"""Rows of the fullest shard: what is kept of each while a shard is at work may be many times its two bytes."""

Form = Literal["lines", "array", "object"]

FOREIGN = {
    b"PK\x03\x04": ("is a zip archive", "unpack it"),
    b"BZh": ("is packed with bzip2", "unpack it, or pack it with gzip or zstd"),
    b"\xfd7zXZ": ("is packed with xz", "unpack it, or pack it with gzip or zstd"),
    b"7z\xbc\xaf": ("is a 7-zip archive", "unpack it"),
    b"\x1f\x8b": ("is packed twice", "unpack it once"),
    b"\x28\xb5\x2f\xfd": ("is packed twice", "unpack it once"),
    b"PAR1": ("is Parquet packed once more", "unpack it"),
    b"ARROW1": ("is an Arrow file", "write it as Parquet or JSON lines"),
    b"\xff\xff\xff\xff": ("is an Arrow stream", "write it as Parquet or JSON lines"),
    b"SQLite": ("is an SQLite database", "write its rows as JSON lines"),
    b"version https://git-lfs": ("is a Git LFS pointer, not the data", "fetch the data: git lfs pull"),
    b"<": ("is a web page or XML, not rows", "download the file itself"),
    b"{'": ("is Python, not JSON", "write each row with json.dumps"),
    b"[{'": ("is Python, not JSON", "write each row with json.dumps"),
    b"\xff\xfe": ("is UTF-16", "save it as UTF-8: iconv -f UTF-16 -t UTF-8"),
    b"\xfe\xff": ("is UTF-16", "save it as UTF-8: iconv -f UTF-16 -t UTF-8"),
    b"{\x00": ("is UTF-16", "save it as UTF-8: iconv -f UTF-16LE -t UTF-8"),
    b"[\x00": ("is UTF-16", "save it as UTF-8: iconv -f UTF-16LE -t UTF-8"),
    b"\x00{": ("is UTF-16", "save it as UTF-8: iconv -f UTF-16BE -t UTF-8"),
    b"\x00[": ("is UTF-16", "save it as UTF-8: iconv -f UTF-16BE -t UTF-8"),
    b"\x00": ("starts with zero bytes: it was never written to its end", "get it again"),
}
"""First bytes -> what the file is, and the mend."""

_MARK = b"\xef\xbb\xbf"
_HEAD = 1 << 16
_TAR = slice(257, 262)


class _Line(NamedTuple):
    text: bytes
    """Its start, `ROW_LIMIT` bytes at most, without blanks around."""
    last: bytes
    """Its last byte that is no blank."""


def form_of(stream: BinaryIO, path: Path) -> tuple[Form, int]:
    """How rows lie in a text, and where they begin, past a byte order mark. Raises Mistake where there are none."""
    head = stream.read(_HEAD)
    text = head.removeprefix(_MARK).lstrip()
    start = len(head) - len(text)
    for magic, (what, mend) in FOREIGN.items():
        if text.startswith(magic):
            raise Mistake(f"the file {what}", where=str(path), mend=mend)
    if head[_TAR] == b"ustar":
        raise Mistake("the file is a tar archive", where=str(path), mend="unpack it")
    if not text:
        what = "is empty" if len(head) < _HEAD else "starts with nothing but blanks"
        raise Mistake(f"the file {what}", where=str(path), mend="take it out, or get it again")
    stream.seek(start)
    first, *others = [_line(stream) for _ in range(3)]
    if text[:1] == b"[":
        return ("lines" if _whole(first, b"[") and any(_whole(line, b"[") for line in others) else "array"), start
    if (first.text[:1], first.last) == (b"{", b"}") or any(_whole(line, b"{") for line in others):
        return "lines", start
    if text[:1] != b"{":
        what = f"starts with {text[:1].decode('utf-8', 'replace')!r}"
        raise Mistake(f"the file {what}", where=str(path), mend="a source reads JSON lines, an array or an object")
    return "object", start


def rest_of_line(stream: BinaryIO) -> tuple[int, bytes]:
    """Reads on to the end of a line of any length: (bytes read, the last of them that is no blank)."""
    size, last = 0, b""
    while part := stream.readline(CHUNK):
        size += len(part)
        last = part.rstrip()[-1:] or last
        if part.endswith(b"\n"):
            break
    return size, last


def too_large(size: int) -> Quarantined:
    """What stands in the place of a row that nobody should hold in memory."""
    return Quarantined(reason="too_large", detail=f"{size} bytes, {ROW_LIMIT} at most")


def _line(stream: BinaryIO) -> _Line:
    text = stream.readline(ROW_LIMIT)
    last = b"" if text.endswith(b"\n") else rest_of_line(stream)[1]
    text = text.strip()
    return _Line(text, last or text[-1:])


def _whole(line: _Line, opening: bytes) -> bool:
    """Whether a line is a JSON value of its own, as those of a pretty-printed one are not."""
    try:
        return line.text[:1] == opening and bool(msgspec.json.decode(line.text, type=msgspec.Raw))
    except (msgspec.DecodeError, RecursionError):
        return False
