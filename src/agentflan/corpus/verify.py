"""Checks the files of a run folder against the checksums of its manifest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from agentflan.core.digest import sha256_of
from agentflan.core.errors import Mistake
from agentflan.corpus.manifest import File, Manifest, load

MEND = "make it again by the command that made the run, or put the file back"


class Verified(msgspec.Struct, frozen=True):
    """What was looked at, and what is wrong with it."""

    manifests: int
    files: int
    bytes: int
    wrong: tuple[Mistake, ...]
    """Files that are gone, changed, or that no stage has written; none if the run is whole."""


def verify(folder: Path) -> Verified:
    """All runs in a folder: the folder itself, or one folder per arm. Raises Mistake where there is no run at all."""
    manifests = sorted(folder.rglob("manifest.json"))
    if not manifests:
        mend = "name the folder that was given to -o" if folder.is_dir() else "check the path"
        raise Mistake("there is no run here (no manifest.json)", where=str(folder), mend=mend)
    wrong: list[Mistake] = []
    files = size = 0
    for path in manifests:
        run, manifest = path.parent, load(path.parent)
        files += len(manifest.files)
        size += sum(file.bytes for file in manifest.files.values())
        for name, file in manifest.files.items():
            what = _what_is_wrong(run / name, file)
            if what:
                wrong.append(Mistake(what, where=str(run / name), mend=MEND))
        wrong += (
            Mistake("no stage has written this file", where=str(stray), mend="move it out of the run")
            for stray in _strays(run, manifest)
        )
    return Verified(len(manifests), files, size, tuple(wrong))


def _what_is_wrong(path: Path, file: File) -> str:
    if not path.is_file():
        return "the file is gone"
    if (size := path.stat().st_size) != file.bytes:
        return f"the file has {size:,} bytes and was written with {file.bytes:,}"
    if sha256_of(path) != file.sha256:
        return "the file was changed: its checksum differs"
    return ""


def _strays(run: Path, manifest: Manifest) -> Iterator[Path]:
    """Files in the folders that a stage owns whole. Beside those folders anybody may keep what they like."""
    for stage in manifest.stages.values():
        for output in stage.outputs:
            for path in sorted((run / output).rglob("*")):
                if path.is_file() and path.relative_to(run).as_posix() not in manifest.files:
                    yield path
