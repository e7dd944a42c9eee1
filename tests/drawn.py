"""Conversations for properties: odd letters, braces, marks' neighbours, empty texts, every mixture of labels."""

from __future__ import annotations

from hypothesis import strategies as st

from agentflan.core.types import CAPABILITIES, Conversation, Message, Segment

ODD = ["{{ x }}", "{% if %}", "\n", " ", "  ", "\n ", "\x00", "<|Human|>", "\u2581", "e\u0301", "\u0d15", "\U0001f600"]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\u0d3f\u0d46"), max_size=20),
    st.lists(st.sampled_from([*ODD, "ka_lo", "12", "Action: ", '{"a": 1}', " ka", ". "]), max_size=6).map("".join),
)


def segments(loss: bool) -> st.SearchStrategy[Segment]:
    return st.builds(
        Segment,
        text=TEXTS,
        capability=st.sampled_from([None, *CAPABILITIES]),
        loss=st.booleans() if loss else st.just(False),
        weight=st.sampled_from([1.0, 0.25, 0.75]),
    )


def messages(role: str) -> st.SearchStrategy[Message]:
    parts = st.lists(segments(role == "assistant"), min_size=1, max_size=3).map(tuple)
    return st.builds(Message, role=st.just(role), segments=parts)


@st.composite
def turns(draw: st.DrawFn) -> tuple[Message, ...]:
    """A system message or none, then user and assistant in turn."""
    head = [draw(messages("system"))] if draw(st.booleans()) else []
    roles = ["user", "assistant"] * draw(st.integers(1, 3))
    return (*head, *[draw(messages(role)) for role in roles])


CONVERSATIONS = st.builds(Conversation, id=st.just("c"), source=st.just("drawn"), messages=turns())


def plain(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """What `apply_chat_template` takes."""
    return [{"role": one.role, "content": "".join(part.text for part in one.segments)} for one in messages]
