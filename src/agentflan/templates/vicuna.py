"""Vicuna 1.1: `USER:` and `ASSISTANT:` in plain words, `</s>` where a reply ends."""

from __future__ import annotations

from agentflan.templates.layout.turns import Around, Turns


class Vicuna(Turns, frozen=True):
    """As `vicuna_v1.1` in `fastchat/conversation.py` of lm-sys/FastChat.

    The prompt ends with the colon: the space behind it belongs to the first word of the reply, and a prompt with it
    would be other tokens than the model was tuned on. No default system prompt is added.
    """

    system = Around("", " ")
    user = Around("USER: ", " ")
    asks = "ASSISTANT:"
    lead = " "
    stop = "</s>"
    marks = ("</s>",)
