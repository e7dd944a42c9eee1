"""The data card of an export: README.md, whose head is what `datasets` and the hub read, and the rest what people ask.

They ask what each file is, how the loss is set, on negatives too, what is missing, and how it was made.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from agentflan import __version__
from agentflan.core import kinds
from agentflan.core.digest import sha256_of
from agentflan.corpus import manifest
from agentflan.corpus.exporting.account import LOST, Account
from agentflan.corpus.exporting.schema import Schema, as_features

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LICENCES = {"Apache-2.0", "MIT", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "BSD-3-Clause"}
"""Licences that the hub has a name for: the same in lower case."""
_KINDS = {
    "agent": "what an agent thought, called and answered",
    "general": "plain talk, without tools",
    "lesson": "one call in a requested form, one turn",
    "negative": "questions that call for no tool, with a plain reply",
}


def data_card(account: Account, plug: kinds.Export, schema: Schema, run: Path) -> str:
    head = io.StringIO()
    YAML(typ="safe").dump(_head(account, schema), head)
    parts = [*_opening(account), *_rows(account), plug.card(account.rows), *_trained(account, plug)]
    parts += [*_missing(account, plug), *_origins(account), *_making(account, run)]
    return "---\n" + head.getvalue() + "---\n\n" + "\n\n".join(part.strip() for part in parts) + "\n"


def _head(account: Account, schema: Schema) -> dict[str, Any]:
    licences = {licence for of in account.origins.values() for licence in of}
    only = next(iter(licences)) if len(licences) == 1 else ""
    number = sum(account.rows.values())
    head: dict[str, Any] = {
        "license": only.lower() if only in _LICENCES else "other",
        "size_categories": [next((name for limit, name in _SIZES if number < limit), "n>1M")],
        "task_categories": ["text-generation"],
        "tags": ["agent", "tool-use", "agentflan"],
    }
    files = [name for name in account.rows if name.endswith(".jsonl")]
    if schema is None or not files:
        return {**head, "viewer": False}
    splits = [{"split": _split(name), "path": name} for name in files]
    head["configs"] = [{"config_name": "default", "data_files": splits}]
    head["dataset_info"] = {"config_name": "default", "features": as_features(schema)}
    return head


def _split(file: str) -> str:
    return Path(file).stem


def _opening(account: Account) -> Iterator[str]:
    yield f"# An agent corpus in the format `{account.format}`"
    how = "turns agent trajectories into training conversations by the method of Agent-FLAN (arXiv 2403.12881)"
    yield f"Written by agentflan {__version__}, which {how}."
    shares = ", ".join(f"{count:,} {kind}" for kind, count in sorted(account.shares.items()))
    yield f"{account.written:,} conversations ({shares}). {_sentence(account.shares)}"


def _sentence(shares: Mapping[str, int]) -> str:
    return " ".join(f"*{kind}*: {_KINDS.get(kind, kind)}." for kind in sorted(shares))


def _rows(account: Account) -> Iterator[str]:
    files = {name: count for name, count in account.rows.items() if name.endswith(".jsonl")}
    apart = Counter(name.rpartition("/")[0] for name in account.rows if name not in files)
    yield "## Files"
    lines = [f"| `{name}` | {count:,} |" for name, count in files.items()]
    lines += [f"| `{folder or '.'}/*` | {count:,}, a file each |" for folder, count in sorted(apart.items())]
    yield "\n".join(["| file | rows |", "|---|---:|", *lines])


def _trained(account: Account, plug: kinds.Export) -> Iterator[str]:
    yield "## What is trained"
    yield (
        "What the assistant says, and of that only what the corpus has not muted; system prompts, questions, elicit "
        "statements and observations never. Where nothing is said of loss, a reply of the assistant is trained."
    )
    if account.shares.get("negative"):
        yield (
            f"The {account.shares['negative']:,} negatives are trained on their plain reply, in the same way; the "
            "tools beside them, where there are any, are only shown."
        )
    if plug.reads == "trajectories":
        yield (
            "These rows are the trajectories that the conversations were written from: what the recipe drops, mutes or "
            "weighs in the conversations (`rebalance`) is whole in them, and what it writes in two ways is here twice."
        )


def _missing(account: Account, plug: kinds.Export) -> Iterator[str]:
    yield "## What is missing"
    if account.dropped:
        lines = [f"| `{reason}` | {count:,} |" for reason, count in sorted(account.dropped.items())]
        yield f"{account.items:,} conversations = {account.written:,} written + those left out (`dropped.jsonl`):"
        yield "\n".join(["| reason | conversations |", "|---|---:|", *lines])
    else:
        yield f"None of the {account.items:,} conversations of the corpus was left out."
    if account.lost:
        lines = [f"| {LOST[name]} | {count:,} |" for name, count in account.lost.items()]
        yield "The format has no room for:"
        yield "\n".join(["| what | conversations that have it |", "|---|---:|", *lines])
    else:
        yield "The format carries all that the conversations hold."


def _origins(account: Account) -> Iterator[str]:
    yield "## Sources and licences"
    lines = [
        f"| {source} | {licence or 'unstated'} | {count:,} |"
        for source, of in sorted(account.origins.items())
        for licence, count in sorted(of.items())
    ]
    yield "\n".join(["| source | licence | conversations |", "|---|---|---:|", *lines])


def _making(account: Account, run: Path) -> Iterator[str]:
    yield "## How it was made"
    yield f"Exported with `{_entry(account.settings)}`."
    recipe = run / "recipe.yaml"
    stage = manifest.load(run).stages.get("build")
    if not recipe.is_file() or stage is None:
        return
    yield f"Recipe: sha256 `{sha256_of(recipe)}`. Build of rows, recipe and replies: `{stage.key}`."
    data = YAML(typ="safe", pure=True).load(recipe)
    lines = [f"seed: {data['seed']}", "transforms:", *(f"  - {_entry(each)}" for each in data["corpus"]["transforms"])]
    yield "\n".join(["```yaml", *lines, "```"])


def _entry(settings: Mapping[str, Any]) -> str:
    """A plug's entry as a recipe has it, `use` first."""
    ordered = {"use": settings["use"], **settings}
    text = io.StringIO()
    yaml = YAML(pure=True)
    yaml.width = 10_000
    yaml.default_flow_style = True
    yaml.dump(ordered, text)
    return text.getvalue().strip()
