"""ChatML: `<|im_start|>role`, the text, `<|im_end|>`, as InternLM, Qwen and the Hermes models have it."""

from __future__ import annotations

from agentflan.templates.layout.turns import Around, Turns

_START, _END = "<|im_start|>", "<|im_end|>"


class Chatml(Turns, frozen=True):
    """As `chatml.md` of openai/openai-python described it.

    No default system prompt is added. A vocabulary without the two marks, such as Llama-2's, takes them in with
    `corpus.add_marks: true`.
    """

    system = Around(f"{_START}system\n", f"{_END}\n")
    user = Around(f"{_START}user\n", f"{_END}\n")
    asks = f"{_START}assistant\n"
    stop = _END
    closes = "\n"
    marks = (_START, _END)
