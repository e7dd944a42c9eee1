"""The corpora that are handed to the tools: built, tokenised and exported as a user would, from rows made here."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core import plugs
from agentflan.corpus.building.build import build
from agentflan.corpus.exporting.export import export
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import train_bpe
from agentflan.recipes.demo import agents, rows
from agentflan.templates.agent_flan import AgentFlan
from bench.build import write_rows

TEMPLATE = AgentFlan()
MIXED: tuple[dict[str, Any], ...] = (
    {"use": "format_lessons", "count": 20},
    {"use": "converse", "react_share": 0.3},
    {"use": "negatives", "count": 20},
    {"use": "rebalance", "mode": "mute", "retrieval": 0.25, "understanding": 0.75},
    {"use": "rebalance", "mode": "weigh", "retrieval": 1.0, "understanding": 0.5},
)
"""A chain after which replies are whole, muted, trained in part and weighed."""


def mixed_run(folder: Path) -> Path:
    """Agents, searches, lessons, negatives, plain talk; the run folder with tokens and a model's folder."""
    made_up = {
        "agentinstruct": agents.tasks(0, 40),
        "toolbench": rows.searches(0, 100),
        "sharegpt": rows.chats(0, 40),
    }
    for name, of in made_up.items():
        Path(folder, f"{name}.jsonl").write_text("\n".join(map(json.dumps, of)), encoding="utf-8")
    write_rows(folder / "long.jsonl", 100)
    entries = [{"use": name, "path": f"{name}.jsonl"} for name in made_up]
    return _run(folder, (*entries, {"use": "toolbench", "path": "long.jsonl"}), MIXED)


def long_run(folder: Path, count: int, chain: tuple[dict[str, Any], ...]) -> Path:
    """`count` ToolBench-like rows of 6.1 KB through the chain."""
    write_rows(folder / "rows.jsonl", count)
    return _run(folder, ({"use": "toolbench", "path": "rows.jsonl"},), chain)


def exported(run: Path, name: str) -> Path:
    out = run / "exports" / name
    export(run, plugs.load("export", name), out)
    return out


def trained_texts(run: Path) -> dict[str, str]:
    """Id -> what of a conversation's text is trained."""
    found = {}
    for item in conversations(run / "corpus"):
        rendered = TEMPLATE.render(item)
        spans = [span for span in rendered.spans if span.loss and span.weight > 0]
        found[item.id] = "".join(rendered.text[span.start : span.end] for span in spans)
    return found


def _run(folder: Path, sources: tuple[dict[str, Any], ...], chain: tuple[dict[str, Any], ...]) -> Path:
    run = folder / "run"
    build(load_corpus(CorpusSettings(sources=sources, transforms=chain), folder=folder, seed=0), run)
    texts = (TEMPLATE.render(item).text for item in islice(conversations(run / "corpus"), 500))
    tokenizer = train_bpe(texts, 4096, TEMPLATE)
    tokenise(run / "corpus", run / "tokens", tokenizer, TEMPLATE, seed=0, max_length=1 << 20)
    _model(run / "tokens" / "tokenizer", run / "model", tokenizer.get_vocab_size())
    return run


def _model(tokenizer: Path, folder: Path, vocabulary: int) -> None:
    """The folder of a model without weights: some tools read what kind it is before they tokenise."""
    folder.mkdir()
    for file in tokenizer.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = {
        **{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocabulary},
        **{"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "max_position_embeddings": 1 << 20},
        **{"num_attention_heads": 1, "num_key_value_heads": 1, "torch_dtype": "float32"},
    }
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
