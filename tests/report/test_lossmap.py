from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.types import CAPABILITIES, Conversation, Message, Segment
from agentflan.report.lossmap import END, as_html, as_terminal, counts
from agentflan.report.markup import visible
from tests.report.example_run import react, talk, trajectory
from tests.report.html_text import Page

SEGMENTS = st.builds(
    Segment,
    text=st.text(max_size=30),
    capability=st.sampled_from((None, *CAPABILITIES)),
    loss=st.booleans(),
    weight=st.sampled_from((1.0, 0.25)),
)
CONVERSATIONS = st.lists(st.lists(SEGMENTS, min_size=1, max_size=3), min_size=1, max_size=4).map(
    lambda turns: Conversation(
        id="a",
        source="s",
        messages=tuple(
            Message(role="assistant" if index % 2 else "user", segments=tuple(turn)) for index, turn in enumerate(turns)
        ),
    )
)
OURS = re.compile(r"\x1b\[[0-9;]*m")


def text_of(message: Message) -> str:
    return visible("".join(part.text for part in message.segments)) + (END if message.role == "assistant" else "")


@given(CONVERSATIONS)
def test_terminal_shows_every_character_and_no_control_of_the_data(item: Conversation) -> None:
    shown = OURS.sub("", as_terminal(item, colour=True))
    assert "\x1b" not in shown
    body = "\n".join(line for message in item.messages for line in ("", message.role, text_of(message)))
    assert body in shown


@given(CONVERSATIONS)
def test_page_shows_every_character(item: Conversation) -> None:
    wanted = "".join(
        message.role + visible("".join(part.text for part in message.segments)) for message in item.messages
    )
    # a parser may join line ends in its own way, so the texts are compared without them
    assert Page(visible(as_html(item))).text.replace("\r", "") == wanted.replace("\r", "")


def test_brackets_name_what_is_trained() -> None:
    shown = as_terminal(react(trajectory("a" * 32, "Rain in Oslo?")), colour=False)
    assert (
        "[format|Thought: ][reasoning|I need the forecast for Oslo.][format|\nAction: ]"
        "[retrieval|get_forecast_for_weather][format|\nAction Input: ]"
        '[understanding|{"city": "Oslo", "days": 3}][format|◂]'
    ) in shown
    assert "format               33 trained of        33" in shown


def test_weights_and_elicit_statements_show() -> None:
    item = talk(trajectory("a" * 32, "Rain in Oslo?"))
    assert "[reasoning x0.5|I need" in as_terminal(item, colour=False)
    html = as_html(item)
    assert 'class="u c-retrieval asks" title="asks for retrieval, no loss">Which tool will you use?' in html
    assert 'title="reasoning, trained, weight 0.5"' in html
    assert "<details" in html  # the long system prompt is folded, whole


def test_counts_are_of_the_assistant_alone() -> None:
    found = counts(talk(trajectory("a" * 32, "Rain in Oslo?")))
    assert found["retrieval"] == {"all": 24, "trained": 24}
    assert found["format"] == {"all": 0, "trained": 0}
