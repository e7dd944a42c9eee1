"""The role marks of the released Agent-FLAN models, which Llama-2's vocabulary can spell (paper section 3)."""

from __future__ import annotations

from agentflan.templates.layout.turns import Around, Turns

HUMAN = "<|Human|>\u0d46"
ASSISTANT = "<|Assistant|>\u0d46"
END = "\u0d3f"
_BETWEEN = "\n "


class AgentFlan(Turns, frozen=True):
    """`<|Human|>` for system and user, `<|Assistant|>` for the model, U+0D46 after each, U+0D3F where a reply ends.

    As in the model card of `internlm/Agent-FLAN-7b`.
    """

    system = Around(HUMAN, _BETWEEN)
    user = Around(HUMAN, _BETWEEN)
    asks = ASSISTANT
    stop = END
    closes = _BETWEEN
    marks = (HUMAN, ASSISTANT, END)
