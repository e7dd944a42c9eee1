"""Say what is installed, what is missing, and what this machine can do."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.recipes.machine import Machine, examine


@click.command()
def command() -> Said:
    found = examine(Path.cwd())
    return Said({**found._asdict(), "gpus": [gpu._asdict() for gpu in found.gpus]}, _page(found))


def _page(found: Machine) -> str:
    lines = [("agentflan", found.agentflan), ("python", f"{found.python} on {found.system}")]
    lines += [(name, version or "not installed") for name, version in found.versions.items()]
    lines.append(("cores", str(found.cores)))
    lines.append(("memory", _gib(found.memory)))
    lines.append(("free disk", _gib(found.disk_free)))
    for gpu in found.gpus:
        narrow = "bfloat16" if gpu.bfloat16 else "no bfloat16"
        lines.append(("GPU", f"{gpu.name}, {_gib(gpu.memory)}, {_gib(gpu.free)} free, {narrow}"))
    if not found.gpus:
        lines.append(("GPU", "none that torch sees" if found.versions["torch"] else "not known without torch"))
    lines += [(f"attention: {name}", why or "runs here") for name, why in found.attention.items()]
    for extra, names in found.missing.items():
        lines.append((f"extra {extra}", f"lacks {', '.join(names)}: pip install 'agentflan[{extra}]'"))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {said}" for name, said in lines)


def _gib(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GiB"
