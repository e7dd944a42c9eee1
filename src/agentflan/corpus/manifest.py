"""`manifest.json` of a run folder: what made each file, and its checksum. A finished stage is not done twice."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import msgspec

from agentflan import __version__
from agentflan.core.digest import digest_of, sha256_of
from agentflan.core.errors import Mistake
from agentflan.core.ranks import rank
from agentflan.corpus.building.frames import save

SCHEMA = 1
LIBRARIES = ("msgspec", "pyarrow", "numpy", "tokenizers", "torch", "transformers", "rensa", "py3langid")
"""What can change a result; their versions are part of every stage's key."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    bytes: int


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finished stage: the digest of all it was made from, and the top-level names it wrote."""

    key: str
    outputs: tuple[str, ...]


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    schema: int = SCHEMA
    versions: dict[str, str] = {}
    inputs: dict[str, str] = {}
    """Input file, as the recipe names it -> sha256."""
    stages: dict[str, Stage] = {}
    files: dict[str, File] = {}
    """Path within the run folder -> checksum and size."""


def versions() -> dict[str, str]:
    """agentflan, Python and the libraries that are installed."""
    found = {"agentflan": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def load(run: Path) -> Manifest:
    """The manifest of a run folder, an empty one where there is none. Raises Mistake for one it cannot read."""
    path = run / "manifest.json"
    if not path.exists():
        return Manifest()
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise Mistake(f"this is no manifest: {error}", where=str(path), mend="use another run folder") from error
    if manifest.schema != SCHEMA:
        raise Mistake(
            f"the run has schema {manifest.schema}, this agentflan reads {SCHEMA}",
            where=str(path),
            mend="build it again in a new folder",
        )
    return manifest


class Product(NamedTuple):
    """What a stage makes in a run folder, and all that it is made from."""

    run: Path
    stage: str
    key: str
    names: tuple[str, ...]
    inputs: Mapping[str, str]

    def is_there(self) -> bool:
        manifest = load(self.run)
        found = manifest.stages.get(self.stage)
        return found is not None and found.key == self.key and _intact(self.run, manifest, self.names)

    def record(self) -> None:
        """Writes down that it is there now, with the checksums of its files."""
        manifest = load(self.run)
        manifest.versions = versions()
        manifest.inputs.update(self.inputs)
        manifest.stages[self.stage] = Stage(self.key, self.names)
        gone = tuple(f"{name}/" for name in self.names)
        files = {
            name: file for name, file in manifest.files.items() if name not in self.names and not name.startswith(gone)
        }
        manifest.files = dict(sorted({**files, **_files(self.run, self.names)}.items()))
        save(self.run / "manifest.json", [msgspec.json.format(msgspec.json.encode(manifest), indent=1), b"\n"])


def product(
    run: Path, stage: str, made_from: object, outputs: Iterable[str], inputs: Mapping[str, str] | None = None
) -> Product:
    """`made_from` is everything the result depends on, as plain values; `outputs` are files or folders below `run`."""
    return Product(run, stage, digest_of([made_from, versions()]), tuple(outputs), inputs or {})


def once(run: Path, stage: str, made_from: object, outputs: Iterable[str], work: Callable[[], object]) -> bool:
    """Does `work` unless the run folder holds its `product` already; True when it was done now."""
    wanted = product(run, stage, made_from, outputs)
    if wanted.is_there():
        return False
    work()
    if rank() == 0:  # the first of the processes that did it together writes it down
        wanted.record()
    return True


def _files(run: Path, names: Iterable[str]) -> dict[str, File]:
    found = {}
    for name in names:
        top = run / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file():
                found[path.relative_to(run).as_posix()] = File(sha256_of(path), path.stat().st_size)
    return found


def _own(manifest: Manifest, names: tuple[str, ...]) -> dict[str, File]:
    """The recorded files of these outputs."""
    below = tuple(f"{name}/" for name in names)
    return {name: file for name, file in manifest.files.items() if name in names or name.startswith(below)}


def _intact(run: Path, manifest: Manifest, names: tuple[str, ...]) -> bool:
    own = _own(manifest, names)
    return bool(own) and all(
        (run / name).is_file() and (run / name).stat().st_size == file.bytes for name, file in own.items()
    )
