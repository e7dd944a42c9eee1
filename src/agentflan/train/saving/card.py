"""The card of a tuned model, README.md: what it was made from, under which licences, and how."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from agentflan import __version__
from agentflan.core.chat import definition
from agentflan.core.types import ToolSpec
from agentflan.corpus import manifest
from agentflan.templates.own.folder import folder
from agentflan.templates.own.sandbox import rendered
from agentflan.train.saving.carried import licence_of
from agentflan.train.settings import TrainSettings

_TOOL = ToolSpec(name="tide_table")
_ASKED = ({"role": "user", "content": "When is high water?"},)


def model_card(settings: TrainSettings, tokens: Path, notices: Sequence[str], *, adapters: bool) -> str:
    """`notices` are the files of the base that lie beside the card."""
    base = settings.model.path
    licence = licence_of(base) if base is not None else {}
    head = {
        **(licence or {"license": "other"}),
        "library_name": "peft" if adapters else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["agent", "tool-use", "agentflan"],
    }
    parts = [
        *_opening(base, adapters),
        *_tools(tokens / "tokenizer"),
        *_data(tokens),
        *_licences(base, licence, notices),
        *_settings(settings),
    ]
    return f"---\n{_yaml(head)}---\n\n" + "\n\n".join(parts) + "\n"


def _opening(base: Path | None, adapters: bool) -> Iterator[str]:
    yield "# A model tuned to use tools"
    came = f"`{base.resolve().parent.name}/{base.name}`" if base is not None else "random weights"
    yield f"Tuned from {came} by agentflan {__version__}, after the method of Agent-FLAN (arXiv 2403.12881)."
    if adapters:
        yield "It holds adapters alone; `adapter_config.json` says where the model lies that they belong to."


def _tools(tokenizer: Path) -> Iterator[str]:
    """How the model was given its tools."""
    yield "## Tools"
    if _writes_tools(tokenizer):
        yield (
            "The chat template takes `tools`, as conversations of the dialect `native` gave them; "
            "those of other dialects had them in the system prompt."
        )
    else:
        yield (
            "Tools stand in the system prompt, as the dialects of this corpus write them: "
            "the chat template takes no `tools` and fails where it is given some."
        )


def _writes_tools(tokenizer: Path) -> bool:
    own = folder(tokenizer)
    try:
        text = rendered(own.jinja, _ASKED, [definition(_TOOL)], dict(own.names), generate=True, today="2024-07-26")
    except ValueError:
        return False
    return _TOOL.name in text


def _data(tokens: Path) -> Iterator[str]:
    """Empty for a tokens folder that came without its books."""
    file = tokens / "ledger.json"
    if not file.is_file():
        return
    ledger = msgspec.json.decode(file.read_bytes())
    count, trained = ledger["tokens"]["total"], ledger["tokens"]["trained"]
    yield "## Data"
    yield f"{ledger['sequences']:,} sequences of {count:,} tokens; {trained:,} of them are trained."
    stage = manifest.load(tokens.parent).stages.get("build")
    if stage is not None:
        yield f"Build of rows, recipe and replies: `{stage.key}`."
    lines = [
        f"| {source} | {licence or 'unstated'} | {number:,} |"
        for source, of in ledger.get("origins", {}).items()
        for licence, number in of.items()
    ]
    yield "\n".join(["| source | licence | sequences |", "|---|---|---:|", *lines])


def _licences(base: Path | None, licence: dict[str, str], notices: Sequence[str]) -> Iterator[str]:
    if base is None:
        return
    yield "## Licence of the base"
    yield ", ".join(licence.values()) or "Its folder names none in a README.md."
    if notices:
        yield f"What came with it lies beside this file: {', '.join(f'`{name}`' for name in notices)}."


def _settings(settings: TrainSettings) -> Iterator[str]:
    told: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    if settings.model.path is not None:
        del told["model"]  # where it lay is nobody's business
    yield "## Settings"
    yield f"```yaml\n{_yaml(told)}```"


def _yaml(value: dict[str, Any]) -> str:
    text = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(value, text)
    return text.getvalue()
