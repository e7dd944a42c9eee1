"""What models said, a line for each reply, only ever appended to: scores are computed from it, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from agentflan.core.digest import digest_of
from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Record, Reply

_WRITER = msgspec.json.Encoder()


class Line(Record, frozen=True):
    """One reply to one problem."""

    key: str
    """Digest of all that decides the reply: `key_of`."""
    model: str
    """The model's identity, which is not its place on disk."""
    version: str
    """The benchmark's version that asked."""
    problem: Problem
    reply: Reply


def key_of(model: str, version: str, problem: Problem) -> str:
    """What a reply is found again by; a changed prompt, model, setting or benchmark has another key."""
    return digest_of([model, version, problem])


class Transcripts:
    """The transcript file of one benchmark. A torn last line, all that a killed process leaves, is cut off at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream: BinaryIO = path.open("a+b")
        self._mend()

    def __enter__(self) -> Transcripts:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def lines(self) -> Iterator[Line]:
        """All replies in the order of their coming. Raises Mistake with path and line for one that is no transcript."""
        decoder = msgspec.json.Decoder(Line)
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError as error:
                    raise Mistake(
                        f"this line is no transcript: {error}", where=f"{self.path}:{number}", mend="remove the line"
                    ) from error

    def append(self, line: Line) -> None:
        self._stream.write(_WRITER.encode(line) + b"\n")
        self._stream.flush()

    def _mend(self) -> None:
        size = self._stream.seek(0, 2)
        end = size
        while end:
            start = max(0, end - (1 << 16))
            self._stream.seek(start)
            found = self._stream.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < size:
            self._stream.truncate(end)
