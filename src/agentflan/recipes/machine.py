"""What is installed and what this machine can do, without torch where there is none."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections import defaultdict
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agentflan import __version__

if TYPE_CHECKING:
    from agentflan.train.starting.devices import Device

LIBRARIES = ("torch", "transformers", "accelerate", "peft", "tokenizers", "msgspec", "pyarrow", "numpy")
"""Told by name, there or not; the others only where an extra lacks them."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra == ['\"]([^'\"]+)")


class Machine(NamedTuple):
    agentflan: str
    python: str
    system: str
    versions: dict[str, str | None]
    """Library -> version; None where it is not installed."""
    missing: dict[str, list[str]]
    """Extra of agentflan -> what it would bring that is not there."""
    cores: int
    """That this process may use."""
    memory: int
    """Bytes, of the whole machine."""
    disk_free: int
    """Bytes, where the command runs."""
    gpus: list[Device]
    attention: dict[str, str]
    """Value of `train.attention` -> why it does not run here; empty where it does. Empty without torch."""


def examine(folder: Path) -> Machine:
    """`folder` is where there should be room."""
    gpus, attention = _seen_by_torch() if _version("torch") else ([], {})
    return Machine(
        agentflan=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        versions={name: _version(name) for name in LIBRARIES},
        missing=_missing(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        disk_free=shutil.disk_usage(folder).free,
        gpus=gpus,
        attention=attention,
    )


def _seen_by_torch() -> tuple[list[Device], dict[str, str]]:
    seen = import_module("agentflan.train.starting.devices")  # by name: the rest of this module does without torch
    return seen.devices(), seen.attentions()


def _missing() -> dict[str, list[str]]:
    """By what the installed agentflan says of itself; extras that are made of others are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (metadata.requires("agentflan") or ()) if _version("agentflan") else ():
        name, extra = _NAME.match(line), _EXTRA.search(line)
        if name and extra and extra[1] not in ("all", "dev") and not _version(name[0]):
            found[extra[1]].append(name[0])
    return dict(found)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
