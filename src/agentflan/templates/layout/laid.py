"""Runs of text with their labels, put together as one text with spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentflan.core.types import Rendered, Segment, Span


def laid(parts: Iterable[Segment]) -> Rendered:
    """The parts as one text; what is neither trained nor of a capability runs together in one span."""
    texts: list[str] = []
    spans: list[Span] = []
    start = end = 0
    for part in parts:
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


def formal(text: str, said: Segment, around: Sequence[Segment]) -> Segment:
    """What a template writes beside a segment: trained with it, and part of the form if the reply has one."""
    formed = any(segment.capability is not None for segment in around)
    return Segment(text=text, capability="format" if formed else None, loss=said.loss, weight=said.weight)
