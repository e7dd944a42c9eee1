"""The role marks of the released Agent-FLAN models, which Llama-2's vocabulary can spell (paper section 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Message, Rendered, Segment, Span

HUMAN = "<|Human|>\u0d46"
ASSISTANT = "<|Assistant|>\u0d46"
END = "\u0d3f"
_MARKS: tuple[str, ...] = (HUMAN, ASSISTANT, END)
_BETWEEN = "\n "


class AgentFlan(Plug, frozen=True):
    """`<|Human|>` for system and user, `<|Assistant|>` for the model, U+0D46 after each, U+0D3F where a reply ends."""

    stop = END
    marks = _MARKS
    jinja = (
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
        f"{{{{ '{ASSISTANT}' }}}}{{% generation %}}{{{{ message['content'] + '{END}' }}}}{{% endgeneration %}}"
        f"{{% else %}}{{{{ '{HUMAN}' + message['content'] }}}}{{% endif %}}{{{{ '\\n ' }}}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ '{ASSISTANT}' }}}}{{% endif %}}"
    )

    def render(self, conversation: Conversation) -> Rendered:
        """The conversation as one text; what is neither trained nor of a capability runs together in one span."""
        texts: list[str] = []
        spans: list[Span] = []
        start = end = 0
        for part in _parts(conversation.messages):
            text, capability, loss = part.text, part.capability, part.loss
            if text and (loss or capability):
                if end > start:
                    spans.append(Span(start=start, end=end))
                start, end = end, end + len(text)
                spans.append(Span(start=start, end=end, capability=capability, loss=loss, weight=part.weight))
                start = end
            else:
                end += len(text)
            texts.append(text)
        if end > start:
            spans.append(Span(start=start, end=end))
        return Rendered(text="".join(texts), spans=tuple(spans))

    def prompt(self, messages: Sequence[Message]) -> str:
        """The text up to where the assistant's next message begins."""
        return "".join([part.text for part in _parts(messages)]) + ASSISTANT


_OPENS_HUMAN, _OPENS_ASSISTANT = Segment(text=HUMAN), Segment(text=ASSISTANT)
_CLOSES = Segment(text=_BETWEEN)


def _parts(messages: Sequence[Message]) -> Iterator[Segment]:
    for message in messages:
        if message.role == "assistant":
            yield _OPENS_ASSISTANT
            yield from message.segments
            yield _end_mark(message)
        else:
            yield _OPENS_HUMAN
            yield from message.segments
        yield _CLOSES


def _end_mark(message: Message) -> Segment:
    """Trained with the message's last segment: where to stop is part of the form, if the message has one."""
    if not message.segments:
        return Segment(text=END)
    last = message.segments[-1]
    formed = any(segment.capability is not None for segment in message.segments)
    return Segment(text=END, capability="format" if formed else None, loss=last.loss, weight=last.weight)
