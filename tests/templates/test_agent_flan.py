"""The layout of the released models, as one example to read."""

from __future__ import annotations

from msgspec import structs

from agentflan.core.types import Conversation, Message, Segment, Span
from agentflan.templates.agent_flan import AgentFlan

HUMAN, ASSISTANT, END = "<|Human|>\u0d46", "<|Assistant|>\u0d46", "\u0d3f"


def said(role: str, *segments: Segment) -> Message:
    return Message(role=role, segments=segments)


def test_layout_and_labels() -> None:
    talk = Conversation(
        id="c",
        source="s",
        messages=(
            said("system", Segment(text="Be brief.")),
            said("user", Segment(text="Weather?"), Segment(text="\nThink first.", capability="reasoning")),
            said(
                "assistant",
                Segment(text="Thought: ", capability="format", loss=True),
                Segment(text="I look.", capability="reasoning", loss=True, weight=0.5),
            ),
            said("user", Segment(text="Thanks")),
            said("assistant", Segment(text="Bye", loss=True)),
        ),
    )
    rendered = AgentFlan().render(talk)
    pieces = [(rendered.text[span.start : span.end], span) for span in rendered.spans]
    assert [text for text, _ in pieces] == [
        f"{HUMAN}Be brief.\n {HUMAN}Weather?",
        "\nThink first.",
        f"\n {ASSISTANT}",
        "Thought: ",
        "I look.",
        END,
        f"\n {HUMAN}Thanks\n {ASSISTANT}",
        "Bye",
        END,
        "\n ",
    ]
    trained = [(text, span.capability, span.weight) for text, span in pieces if span.loss]
    assert trained == [
        ("Thought: ", "format", 1.0),
        ("I look.", "reasoning", 0.5),
        (END, "format", 0.5),
        ("Bye", None, 1.0),
        (END, None, 1.0),
    ]
    begun = structs.replace(talk, messages=talk.messages[:2])
    assert AgentFlan().prompt(begun) == f"{HUMAN}Be brief.\n {HUMAN}Weather?\nThink first.\n {ASSISTANT}"


def test_an_end_mark_is_not_trained_behind_a_muted_end() -> None:
    reply = said("assistant", Segment(text="a", capability="format", loss=True), Segment(text="b", loss=False))
    rendered = AgentFlan().render(Conversation(id="c", source="s", messages=(reply,)))
    start = len(ASSISTANT)
    assert [span for span in rendered.spans if span.loss] == [
        Span(start=start, end=start + 1, capability="format", loss=True)
    ]
