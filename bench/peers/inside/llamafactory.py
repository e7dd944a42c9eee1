"""LLaMA-Factory's own loader over the export and its dataset_info.json, with our layout as one of its templates."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from datasets import disable_caching
from llamafactory.data.formatter import EmptyFormatter, StringFormatter
from llamafactory.data.loader import get_dataset
from llamafactory.data.template import TEMPLATES, Template, register_template
from llamafactory.hparams import DataArguments, ModelArguments
from transformers import AutoTokenizer, PreTrainedTokenizer, Seq2SeqTrainingArguments

from bench.peers.inside.layout import ASSISTANT, BETWEEN, END, HUMAN
from bench.peers.inside.rounds import Row, ids_in, rows_of, serve


class AgentFlan(Template):  # type: ignore[misc]
    """What stands between two turns opens the later one: as the end of a reply it would be trained with it."""

    def _encode(
        self,
        tokenizer: PreTrainedTokenizer,
        messages: list[dict[str, str]],
        system: str | None,
        tools: str | None,
    ) -> list[list[int]]:
        first, *others = super()._encode(tokenizer, messages, system, tools)
        between = tokenizer.encode(BETWEEN, add_special_tokens=False)
        return [first, *(ids if place % 2 == 0 else [*between, *ids] for place, ids in enumerate(others))]


register_template(
    name="agent_flan",
    format_prefix=EmptyFormatter(slots=[{"bos_token"}]),
    format_system=StringFormatter(slots=[f"{HUMAN}{{{{content}}}}{BETWEEN}"]),
    format_user=StringFormatter(slots=[f"{HUMAN}{{{{content}}}}{BETWEEN}{ASSISTANT}"]),
    format_assistant=StringFormatter(slots=[f"{{{{content}}}}{END}"]),
    template_class=AgentFlan,
)


def main(export: str, model: str) -> None:
    disable_caching()
    tokenizer = AutoTokenizer.from_pretrained(model)

    def prepared(name: str, mask_history: bool) -> Iterable[Row]:
        file = Path(export, f"{name}.jsonl")
        if not file.exists():
            return []
        with tempfile.TemporaryDirectory() as cache:
            found = get_dataset(
                TEMPLATES["agent_flan"],
                ModelArguments(model_name_or_path=model, cache_dir=cache),
                DataArguments(
                    template="agent_flan",
                    dataset=name,
                    dataset_dir=export,
                    cutoff_len=1 << 20,
                    mask_history=mask_history,
                    overwrite_cache=True,
                ),
                Seq2SeqTrainingArguments(output_dir=cache, use_cpu=True, report_to="none"),
                stage="sft",
                tokenizer=tokenizer,
            )["train_dataset"]
            return rows_of(found[:], ids_in(file))

    serve(lambda: [*prepared("agentflan", False), *prepared("agentflan_mask_history", True)])


if __name__ == "__main__":
    main(*sys.argv[1:])
