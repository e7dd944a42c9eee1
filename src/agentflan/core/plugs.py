"""Plugs: a name in a recipe is a module's name, and the module holds one record whose fields are the settings.

No registry, no decorator, no list to edit: `{use: rebalance, mode: mute}` is `Rebalance(mode="mute")` of
`agentflan.transforms.rebalance`,
and `{use: "their_package.module:Name"}` is other people's code. A plug's module is imported only when it is named,
so a plug imports its optional dependencies at its top.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core.errors import Mistake, Mistakes, correction, nearest

PACKAGES = {
    "source": "agentflan.sources",
    "transform": "agentflan.transforms",
    "engine": "agentflan.corpus.engines",
    "export": "agentflan.exports",
    "dialect": "agentflan.dialects",
    "template": "agentflan.templates",
    "model": "agentflan.models",
    "backend": "agentflan.train.backends",
    "benchmark": "agentflan.evals.benchmarks",
    "embedder": "agentflan.evals.embedders",
    "panel": "agentflan.report.panels",
}
"""Kind of plug -> the package whose modules are its plugs."""

EXTRAS = {
    "torch": "train",
    "transformers": "train",
    "huggingface_hub": "train",
    "accelerate": "train",
    "peft": "train",
    "bitsandbytes": "qlora",
    "deepspeed": "deepspeed",
    "matplotlib": "report",
    "httpx": "ask",
    "bm25s": "eval",
    "networkx": "eval",
    "sklearn": "eval",
    "tree_sitter": "eval",
    "tree_sitter_java": "eval",
    "tree_sitter_javascript": "eval",
    "py4j": "worlds",
    "pymysql": "worlds",
    "pyoxigraph": "worlds",
    "rapidfuzz": "worlds",
    "scienceworld": "worlds",
    "sqlglot": "worlds",
    "lm_eval": "general",
    "sentence_transformers": "embed",
    "py3langid": "quality",
    "rensa": "quality",
    "ray": "ray",
}
"""Module that may be missing -> the extra that brings it."""


class Plug(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that can be called. A field named `seed` that a recipe leaves out takes the recipe's seed."""


def names(kind: str) -> tuple[str, ...]:
    """The shipped plugs of a kind, without importing any of them."""
    package = importlib.import_module(PACKAGES[kind])
    return tuple(sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.ispkg))


def find(kind: str, name: str, *, where: str = "") -> type[Plug]:
    """The record of one plug; `name` is a module's name or `package.module:Class`."""
    dotted, _, attribute = name.partition(":")
    if not attribute and name not in names(kind):
        raise Mistake(f"there is no {kind} named {name!r}", where=where, mend=nearest(name, names(kind)))
    module = _module(dotted if attribute else f"{PACKAGES[kind]}.{name}", where)
    if attribute:
        found = getattr(module, attribute, None)
        if not (isinstance(found, type) and issubclass(found, Plug)):
            raise Mistake(f"{name!r} is not a plug", where=where, mend=f"name a subclass of {Plug.__module__}.Plug")
        return found
    own = [
        value
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Plug) and value.__module__ == module.__name__ and key[0] != "_"
    ]
    if len(own) != 1:
        raise TypeError(f"{module.__name__} must hold exactly one public Plug, it holds {len(own)}")
    return own[0]


def load(kind: str, spec: str | Mapping[str, Any], *, folder: Path = Path(), seed: int = 0, where: str = "") -> Any:
    """A plug from its recipe entry (`name`, or `{use: name, setting: value}`); all wrong settings are reported at once.

    Settings typed `Path` are taken relative to `folder`. The caller knows the kind and so the type of what comes back.
    """
    settings: dict[str, Any] = {"use": spec} if isinstance(spec, str) else dict(spec)
    name = settings.pop("use", None)
    if not isinstance(name, str):
        lone = next(iter(settings), None) if len(settings) == 1 else None
        mend = f"write `{{use: {lone}, ...}}`" if lone in names(kind) else f"known: {', '.join(names(kind))}"
        raise Mistake(f"a {kind} entry needs `use: NAME`", where=where, mend=mend)
    record = find(kind, name, where=where)
    fields = {field.name: field for field in msgspec.structs.fields(record)}
    wrong = [
        Mistake(f"{name} has no setting {key!r}", where=f"{where}.{key}", mend=nearest(str(key), fields))
        for key in settings
        if key not in fields
    ]
    for key, value in settings.items():
        if key in fields:
            try:
                msgspec.convert(value, fields[key].type, dec_hook=lambda _, text: folder / text)
            except msgspec.ValidationError as error:
                mend = correction(value, fields[key].type)
                wrong.append(Mistake(f"{name}: {_plain(error)}", where=f"{where}.{key}", mend=mend))
    wrong += [
        Mistake(f"{name} needs the setting {field.name!r}", where=where, mend=f"add `{field.name}: ...`")
        for field in fields.values()
        if field.required and field.name not in settings
    ]
    if wrong:
        raise Mistakes(wrong)
    if "seed" in fields:
        settings.setdefault("seed", seed)
    try:
        return msgspec.convert(settings, record, dec_hook=lambda _, text: folder / text)
    except msgspec.ValidationError as error:  # a check of the record as a whole, from its __post_init__
        raise Mistake(f"{name}: {_plain(error)}", where=where, mend="change one of its settings") from error


def settings_of(plug: Any) -> dict[str, Any]:
    """The recipe entry that would load this plug again, every default spelled out."""
    module, name = type(plug).__module__, type(plug).__name__
    shipped = any(module == f"{package}.{module.rpartition('.')[2]}" for package in PACKAGES.values())
    use = module.rpartition(".")[2] if shipped else f"{module}:{name}"
    return {"use": use, **msgspec.to_builtins(plug, enc_hook=str)}


def files_of(plug: Any) -> tuple[Path, ...]:
    """The files that a plug's settings name: with the settings, all that what it does depends on."""
    values = [
        value for value in msgspec.structs.astuple(plug) for value in (value if isinstance(value, tuple) else (value,))
    ]
    return tuple(value for value in values if isinstance(value, Path))


def _module(path: str, where: str) -> Any:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        missing = error.name or path
        if path == missing or path.startswith(f"{missing}."):  # the plug itself, not something that it needs
            raise Mistake(f"there is no module {path!r}", where=where, mend="check the name, or install it") from error
        top = missing.partition(".")[0]
        extra = f"agentflan[{EXTRAS[top]}]" if top in EXTRAS else top
        raise Mistake(
            f"{path} needs {top!r}, which is not installed", where=where, mend=f"pip install '{extra}'"
        ) from error


def _plain(error: msgspec.ValidationError) -> str:
    text = str(error).removesuffix(" - at `$`")
    return text[:1].lower() + text[1:]
