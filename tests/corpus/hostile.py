"""Files that users have and wish they had not, made here: what each holds, and what must be said of it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq


def chat(number: int) -> dict[str, Any]:
    turns = [("human", f"What is {number} + 1?"), ("gpt", f"It is {number + 1}.")]
    return {"id": f"chat_{number}", "conversations": [{"from": who, "value": said} for who, said in turns]}


def line(number: int) -> bytes:
    return json.dumps(chat(number)).encode() + b"\n"


GOOD = line(1) + line(2)
HEAD, TAIL = b'{"id": "x", "conversations": [{"from": "human", "value": "', b'"}, {"from": "gpt", "value": "b"}]}\n'


def among_good(row: bytes) -> bytes:
    return line(1) + row + line(2)


def said(text: bytes) -> bytes:
    """A row that is good but for what its first turn says."""
    return HEAD + text + TAIL


def with_key(value: bytes) -> bytes:
    return line(3)[:-2] + b', "extra": ' + value + b"}\n"


class Bad(NamedTuple):
    """A file with two good rows and bad ones, or, where `good` says so, other numbers of good ones."""

    content: bytes
    reasons: dict[str, int]
    good: int = 2


ROWS: dict[str, Bad] = {
    "torn line": Bad(among_good(line(3)[:40] + b"\n"), {"broken_json": 1}),
    "torn first line": Bad(line(3)[30:] + GOOD, {"broken_json": 1}),
    "torn last line": Bad(GOOD + line(3)[:-9], {"broken_json": 1}),
    "three torn lines first": Bad((b'{"id": NaN}\n' * 3) + GOOD, {"nan": 3}),
    "torn array": Bad(b"[" + GOOD.strip().replace(b"\n", b",") + b"," + line(3)[:40], {"broken_json": 1}),
    "two arrays": Bad(b"[\n" + GOOD.strip().replace(b"\n", b",") + b"]\n\n[1]", {"wrong_shape": 1}),
    "lines that are arrays": Bad(b"[]\n[1]\n" + GOOD, {"wrong_shape": 2}),
    "byte order mark": Bad(b"\xef\xbb\xbf" + GOOD, {}),
    "byte order mark, array": Bad(b"\xef\xbb\xbf\n[" + GOOD.strip().replace(b"\n", b",") + b"]", {}),
    "windows line ends": Bad(GOOD.replace(b"\n", b"\r\n") + b"\r\n\r\n", {}),
    "blank lines": Bad(among_good(b"\n \n\t\n" + b" " * 70_000 + b"\n"), {}),
    "no last line end": Bad(GOOD.strip(), {}),
    "NaN": Bad(among_good(with_key(b"NaN")), {"nan": 1}),
    "infinity": Bad(among_good(with_key(b"-Infinity")), {"nan": 1}),
    "30 digits": Bad(among_good(with_key(b"123456789012345678901234567890")), {}, good=3),
    "5,000 digits": Bad(among_good(with_key(b"9" * 5_000)), {"number_out_of_range": 1}),
    "1e999": Bad(among_good(with_key(b"1e999")), {"number_out_of_range": 1}),
    "lone surrogate": Bad(among_good(said(rb"\ud800")), {"lone_surrogate": 1}),
    "surrogate in bytes": Bad(among_good(said(b"\xed\xa0\x80")), {"not_utf8": 1}),
    "latin-1": Bad(among_good(said(b"caf\xe9")), {"not_utf8": 1}),
    "zero byte in a text": Bad(among_good(said(b"a\x00b")), {"broken_json": 1}),
    "escaped zero": Bad(among_good(said(rb"a\u0000b")), {}, good=3),
    "line of zero bytes": Bad(among_good(b"\x00" * 4_096 + b"\n"), {"broken_json": 1}),
    "key twice": Bad(among_good(with_key(b'1, "extra": 2')), {"duplicate_key": 1}),
    "key twice, hidden": Bad(among_good(with_key(rb'"\u0022\u0022", "extra": 2')), {"duplicate_key": 1}),
    "inner key twice": Bad(among_good(with_key(b'[{"a": {"b": 1, "b": null}}]')), {"duplicate_key": 1}),
    "key twice, one value": Bad(among_good(with_key(b'1, "extra": 1')), {}, good=3),
    "deep lists": Bad(among_good(b"[" * 100_000 + b"\n"), {"too_deep": 1}),
    "deep objects": Bad(among_good(with_key(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)), {"too_deep": 1}),
    "just too deep": Bad(among_good(with_key(b"[" * 256 + b"]" * 256)), {"too_deep": 1}),
    "deep, but in order": Bad(among_good(with_key(b"[" * 250 + b"]" * 250)), {}, good=3),
    "deep array": Bad(b"[" + line(1) + b"," + b"[" * 100_000 + b"]" * 100_000 + b"," + line(2) + b"]", {"too_deep": 1}),
    "no turns": Bad(among_good(b'{"conversations": []}\n'), {"not_a_conversation": 1}),
    "empty turns": Bad(among_good(HEAD + b'"}, {"from": "gpt", "value": ""}]}\n'), {"empty_turn": 1}),
    "null": Bad(among_good(b"null\n"), {"wrong_shape": 1}),
    "long line": Bad(among_good(said(b"x" * (17 << 20))), {"too_large": 1}),
    "long first line": Bad(said(b"x" * (17 << 20)) + GOOD, {"too_large": 1}),
    "long element": Bad(b"[" + line(1) + b"," + said(b"x" * (17 << 20)) + b"," + line(2) + b"]", {"too_large": 1}),
}
"""Files of which rows can be told: those that are bad leave with a reason, the others stay."""


def packed(name: str) -> bytes:
    made = io.BytesIO()
    if name == "zip":
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("rows.jsonl", GOOD)
    else:
        with tarfile.open(fileobj=made, mode="w") as tar:
            entry = tarfile.TarInfo("rows.jsonl")
            entry.size = len(GOOD)
            tar.addfile(entry, io.BytesIO(GOOD))
    return made.getvalue()


def table(rows: list[dict[str, Any]], **settings: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), made, **settings)
    return made.getvalue()


def damaged(content: bytes, at: int) -> bytes:
    return content[:at] + bytes(255 - byte for byte in content[at : at + 8]) + content[at + 8 :]


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is empty"),
    "blank": (lambda: b" \n\n", "is empty"),
    "csv": (lambda: b"id,text\n1,a\n", "starts with 'i'"),
    "web page": (lambda: b"<!DOCTYPE html>\n<html></html>", "web page"),
    "large file pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    "python": (lambda: b"{'conversations': []}\n", "json.dumps"),
    "zero bytes": (lambda: b"\x00" * 10_000, "never written"),
    "UTF-16": (lambda: GOOD.decode().encode("utf-16"), "iconv -f UTF-16 -t UTF-8"),
    "UTF-16 LE": (lambda: GOOD.decode().encode("utf-16-le"), "iconv -f UTF-16LE -t UTF-8"),
    "UTF-16 BE": (lambda: b"\x00[" + GOOD.decode().encode("utf-16-be"), "iconv -f UTF-16BE -t UTF-8"),
    "zip": (lambda: packed("zip"), "zip archive"),
    "tar": (lambda: packed("tar"), "tar archive|starts with 'r'"),
    "tar in gzip": (lambda: gzip.compress(packed("tar")), "tar archive|starts with 'r'"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(GOOD)), "packed twice"),
    "torn gzip": (lambda: gzip.compress(GOOD)[:-12], "damaged"),
    "damaged gzip": (lambda: damaged(gzip.compress(GOOD), 30), "damaged"),
    "gzip and more": (lambda: gzip.compress(GOOD) + b"more", "damaged"),
    "torn zstd": (lambda: pa.compress(GOOD, "zstd", asbytes=True)[:-5], "damaged"),
    "torn parquet": (lambda: table([chat(1), chat(2)])[:-20], "damaged"),
    "damaged parquet": (lambda: damaged(table([chat(n) for n in range(50)], compression="zstd"), 60), "damaged"),
    "arrow": (lambda: b"ARROW1\0\0" + b"\0" * 64, "write it as Parquet"),
}
"""Files of which not one row can be told: a Mistake says what they are, and how to mend it."""


def write(folder: Path, content: bytes, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
