"""The splits of Agent-FLAN's release: which conversation belongs to which, and what each of them is."""

from __future__ import annotations

from collections.abc import Mapping

from agentflan.core.types import Conversation

_TALK = (
    "dialogue: elicit statements of the user draw out thought, tool and arguments one by one, each reply is trained "
    "for one capability"
)
PUBLISHED: dict[str, tuple[str, str]] = {
    "agent_instruct_react": ("1,731", "AgentInstruct in the grammar of each task: thought and action under labels"),
    "agent_instruct_tflan": ("1,731", f"AgentInstruct as {_TALK}"),
    "toolbench_instruct_j1s1_3k": (
        "3,000",
        "single calls of ToolBench as lessons in a requested form, JSON and lines 1 : 1, without a task around them",
    ),
    "toolbench_negative": (
        "761",
        "queries of ToolBench without tools, and beside tools that do not serve them, each with a plain reply",
    ),
    "toolbench_react_10p": (
        "2,288",
        "10 % of ToolBench in ReAct: thought, action and its input under labels in one turn",
    ),
    "toolbench_tflan_60p_r10r5u7": (
        "?",
        f"60 % of ToolBench as {_TALK}; of the exchanges for reasoning, retrieval and understanding 1, 0.5 and 0.7 "
        "are left",
    ),
    "toolbench_tflan_cot_30p": (
        "?",
        "30 % of ToolBench as dialogue of whole steps: a thought, the announcement of a call, and the call as a fenced "
        "Python dictionary, in one turn",
    ),
}
"""Split -> (rows in the release, what it is). Shares are of ToolBench's agent rows."""

BOTH_DIALOGUES = 24_931
"""Rows in the release of the last two together."""

_TOOLBENCH = {"react": "react_10p", "fenced": "tflan_cot_30p", "talk": "tflan_60p_r10r5u7"}
_OWN = {"react": "react", "fenced": "tflan_cot", "talk": "tflan"}


def split_of(item: Conversation) -> str:
    """Conversations that the release has none of get splits of their own, named by the same pattern."""
    source = "agent_instruct" if item.source == "agentinstruct" else _word(item.source)
    if item.kind == "general":
        return "general"
    if item.kind == "lesson":
        return "toolbench_instruct_j1s1_3k" if source == "toolbench" else f"{source}_instruct"
    if item.kind == "negative":
        return f"{source}_negative"
    if source == "toolbench" and item.dialect in _TOOLBENCH:
        return f"{source}_{_TOOLBENCH[item.dialect]}"
    return f"{source}_{_OWN.get(item.dialect, 'react')}"


def about(split: str) -> str:
    """What a split holds, whether the release has it or not."""
    if split in PUBLISHED:
        return PUBLISHED[split][1]
    if split == "general":
        return "plain talk, without tools; the release has no such split"
    source = split.rpartition("_")[0].removesuffix("_tflan")
    for ending, held in (
        ("_instruct", f"lessons made of single calls of {source}"),
        ("_negative", f"questions of {source} that call for no tool, with a plain reply"),
        ("_tflan", f"{source} as {_TALK}"),
        ("_tflan_cot", f"{source} as dialogue of whole steps, the call in a fenced block"),
    ):
        if split.endswith(ending):
            return f"{held}; the release has no such split"
    return f"{source} in ReAct or its own grammar; the release has no such split"


def shares(rows: Mapping[str, int]) -> dict[str, float]:
    """Share of each dialect among ToolBench's agent rows."""
    counts = {split: rows.get(split, 0) for split in (f"toolbench_{end}" for end in _TOOLBENCH.values())}
    total = sum(counts.values())
    return {split: count / total for split, count in counts.items()} if total else {}


def _word(source: str) -> str:
    """A source's name as a split's may be spelled; other people's sources are `package.module:Name`."""
    return "".join(sign if sign.isalnum() or sign == "_" else "_" for sign in source)
