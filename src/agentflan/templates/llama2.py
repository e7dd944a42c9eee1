"""Llama-2-chat: `[INST]` around what the user says, the system prompt inside of the first, each exchange a sequence."""

from __future__ import annotations

from agentflan.templates.layout.turns import Around, Turns


class Llama2(Turns, frozen=True):
    """As `chat_completion` in `llama/generation.py` of meta-llama/llama, but for the blank before `</s>`.

    Every exchange begins with `<s>`: the chat models were tuned on exchanges laid end to end, each a sequence with
    both of its marks, and go on best with what they know. The first `<s>` is the tokenizer's, once, as everywhere in
    this house; the later ones stand in the text. The blank that Meta's code leaves before `</s>` would be a token of
    its own, which a model learns to write behind all that it says: here the mark follows the last word.

    The prompt ends with `[/INST]`: the space behind it belongs to the first word of the reply.
    """

    system = Around("<<SYS>>\n", "\n<</SYS>>\n\n")
    user = Around("", " [/INST]")
    lead = " "
    stop = "</s>"
    opens = "[INST] "
    reopens = "<s>[INST] "
    marks = ("<s>", "</s>")
