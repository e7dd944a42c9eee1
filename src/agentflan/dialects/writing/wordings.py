"""Wordings from a YAML file of a package: headings with a list of texts each, one file for a language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec
from ruamel.yaml import YAML

from agentflan.core.errors import Mistake, nearest


@cache
def languages(package: str, folder: str) -> tuple[str, ...]:
    """The languages that somebody has written."""
    place = resources.files(package) / folder
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in place.iterdir() if entry.name.endswith(".yaml")))


@cache
def wordings(package: str, folder: str, language: str) -> Mapping[str, tuple[str, ...]]:
    """Heading -> texts of `package`/`folder`/`language`.yaml. Raises Mistake for a language that nobody has written."""
    known = languages(package, folder)
    if language not in known:
        raise Mistake(f"there are no {folder} in the language {language!r}", mend=nearest(language, known))
    text = (resources.files(package) / folder / f"{language}.yaml").read_text(encoding="utf-8")
    return msgspec.convert(YAML(typ="safe", pure=True).load(text), dict[str, tuple[str, ...]])
