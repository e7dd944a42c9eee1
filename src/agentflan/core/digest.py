"""Digests: the names of rows, requests, settings and finished stages."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

_SORTED = msgspec.json.Encoder(order="sorted")


def digest(data: bytes) -> str:
    """128 bits of blake2b in hex: the key of one thing among billions."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def canonical(value: Any) -> bytes:
    """One spelling for equal values: JSON with sorted keys and no spaces."""
    return _SORTED.encode(value)


def digest_of(value: Any) -> str:
    return digest(canonical(value))


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
