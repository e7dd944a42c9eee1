"""Recipes as text: strict YAML 1.2, `base:` chains, and where each key stands."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from agentflan.core.errors import Mistake, nearest

Places = dict[str, str]
"""`corpus.transforms[1].react_share` -> `recipe.yaml:12`."""


class Text(NamedTuple):
    """A recipe with its bases merged in."""

    data: dict[str, Any]
    places: Places
    folder: Path
    """Where the paths of the recipe start: its own folder, or the working folder for a shipped recipe."""


def shipped() -> tuple[str, ...]:
    """Names of the recipes that come with the package."""
    folder = resources.files("agentflan.recipes")
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def read(recipe: str | Path) -> Text:
    """Reads a recipe file or a shipped recipe by its name. Raises Mistake."""
    return _read(str(recipe), Path(), ())


def entry_of(source: str, where: str) -> dict[str, Any]:
    """One plug's entry, `{use: NAME, setting: value}`, as it stands in a recipe. Raises Mistake."""
    entry: dict[str, Any] = _plain(_parse(source, where), "", where, {})
    return entry


def merge(under: Any, over: Any) -> Any:
    """`over` on top of `under`: mappings key by key, everything else replaced."""
    if not (isinstance(under, Mapping) and isinstance(over, Mapping)):
        return over
    return {**under, **{key: merge(under.get(key), value) for key, value in over.items()}}


def _read(name: str, folder: Path, chain: tuple[str, ...]) -> Text:
    if name in chain:
        raise Mistake(f"recipes rest on each other in a circle: {' -> '.join((*chain, name))}", mend="cut one `base:`")
    own = folder / name
    if own.suffix not in (".yaml", ".yml") and name in shipped():
        source = resources.files("agentflan.recipes").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        start = Path() if not chain else folder
    elif own.is_file():
        source, start = own.read_text(encoding="utf-8"), own.parent
    else:
        near = nearest(name, [*shipped(), *(path.name for path in folder.glob("*.yaml"))])
        raise Mistake(f"there is no recipe {name!r}", where=chain[-1] if chain else "", mend=near)
    node = _parse(source, name)
    places: Places = {}
    data = _plain(node, "", Path(name).name, places)
    base = data.pop("base", None)
    if base is None:
        return Text(data, places, start)
    if not isinstance(base, str):
        raise Mistake("`base` must name one recipe", where=places["base"], mend=f"shipped: {', '.join(shipped())}")
    under = _read(base, start, (*chain, name))
    merged = merge(under.data, data)
    replaced = [key for key in places if not any(other.startswith((f"{key}.", f"{key}[")) for other in places)]
    kept = {key: place for key, place in under.places.items() if not key.startswith(tuple(replaced) or ("\0",))}
    return Text(merged, {**kept, **places}, start)


def _parse(source: str, name: str) -> CommentedMap:
    try:
        node = YAML(typ="rt", pure=True).load(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise Mistake(f"this is no YAML: {error.problem}", where=f"{name}{line}", mend="mend that line") from error
    if not isinstance(node, CommentedMap):
        raise Mistake("a recipe is a mapping of keys", where=name, mend="start with `corpus:`")
    return node


def _plain(node: Any, path: str, file: str, places: Places) -> Any:
    """Plain values, and the line of every key."""
    if isinstance(node, CommentedMap):
        for key in node:
            places[f"{path}.{key}".lstrip(".")] = f"{file}:{node.lc.key(key)[0] + 1}"
        return {str(key): _plain(value, f"{path}.{key}".lstrip("."), file, places) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            places[f"{path}[{index}]"] = f"{file}:{node.lc.item(index)[0] + 1}"
        return [_plain(value, f"{path}[{index}]", file, places) for index, value in enumerate(node)]
    if isinstance(node, str):
        return str(node)
    if isinstance(node, bool | ScalarBoolean):
        return bool(node)
    return float(node) if isinstance(node, float) else int(node) if type(node).__mro__[1:2] == (int,) else node
