from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.types import CAPABILITIES, Conversation, Message, Segment
from agentflan.report import terminal
from agentflan.report.lossmap import LINE, Run, alike, as_html, closed, counts, spelled, turns, turns_html
from agentflan.report.markup import visible
from agentflan.report.tokenmap import shown
from agentflan.templates.agent_flan import ASSISTANT, END, HUMAN, AgentFlan
from tests.report.example_run import HOSTILE, react, talk, trajectory
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
TEMPLATE = AgentFlan()


def runs_of(item: Conversation) -> tuple[Run, ...]:
    return shown(item, TEMPLATE, None).runs


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(CONVERSATIONS)
def test_characters_are_those_of_the_template_labelled_by_its_spans(item: Conversation) -> None:
    rendered, runs = TEMPLATE.render(item), runs_of(item)
    assert "".join(run.text for run in runs) == rendered.text
    labels = [(run.capability, run.trained, run.weight) for run in runs for _ in run.text]
    spans = [(span.capability or "chat", span.loss, span.weight) for span in rendered.spans]
    assert labels == [
        label for label, span in zip(spans, rendered.spans, strict=True) for _ in range(span.start, span.end)
    ]


@given(CONVERSATIONS)
def test_terminal_shows_every_character_and_no_control_of_the_data(item: Conversation) -> None:
    runs = runs_of(item)
    seen = OURS.sub("", terminal.map_of(runs, colour=True))
    assert "\x1b" not in seen
    wanted = "".join(spelled(group[0]._replace(text="".join(run.text for run in group))) for group in alike(runs))
    assert letters(re.sub("×0.25", "", seen)) == letters(visible(wanted))


@given(CONVERSATIONS)
def test_a_page_shows_every_character_of_the_messages(item: Conversation) -> None:
    wanted = "".join(
        message.role + visible("".join(part.text for part in message.segments)) for message in item.messages
    )
    # a parser may join line ends in its own way, so the texts are compared without them
    assert Page(visible(as_html(item))).text.replace("\r", "") == wanted.replace("\r", "")


@given(CONVERSATIONS)
def test_a_page_shows_every_turn_as_it_is_trained(item: Conversation) -> None:
    page = Page(visible(turns_html(runs_of(item))))
    for part in (part for message in item.messages for part in message.segments):
        assert letters(visible(part.text)) in letters(page.text)
    assert set(page.tags) <= {"div", "span", "details", "summary", "small"}


@given(CONVERSATIONS)
def test_turns_begin_with_a_mark_and_lose_nothing_but_blanks(item: Conversation) -> None:
    runs = runs_of(item)
    cut = list(turns(runs))
    assert [run for turn in cut for run in turn] == list(runs)
    assert all(turn[0].mark in (HUMAN, ASSISTANT) for turn in cut[1:])
    for turn in cut:
        kept = closed(turn, ids=False)
        assert "".join(run.text for run in turn).rstrip(" \n") == "".join(run.text for run in kept).rstrip(" \n")
        assert [run for run in kept if run.trained] == [run for run in turn if run.trained]
        assert len(closed(turn, ids=True)) == len(turn)


def test_brackets_name_what_is_trained() -> None:
    seen = terminal.map_of(runs_of(react(trajectory("a" * 32, "Rain in Oslo?"))), colour=False)
    assert "⟨<|Human|>⟩Rain in Oslo?\n\n⟨<|Assistant|>⟩[format|Thought: ]" in seen
    assert (
        "[format|Thought: ][reasoning|I need the forecast for Oslo.][format|\nAction: ]"
        "[retrieval|get_forecast_for_weather][format|\nAction Input: ]"
        '[understanding|{"city": "Oslo", "days": 3}][format|◂]'
    ) in seen


def test_weights_and_elicit_statements_show() -> None:
    item = talk(trajectory("a" * 32, "Rain in Oslo?"))
    assert "[reasoning x0.5|I need" in terminal.map_of(runs_of(item), colour=False)
    assert "×0.5" in terminal.map_of(runs_of(item), colour=True)
    for html in (as_html(item), turns_html(runs_of(item))):
        assert 'class="u c-retrieval asks" title="asks for retrieval, no loss">Which tool will you use?' in html
        assert 'title="reasoning, trained, weight 0.5"' in html
        assert "<details" in html  # the long system prompt is folded, whole


def test_a_mark_in_the_data_is_a_mark_to_the_model_too() -> None:
    asked = Message(role="user", segments=(Segment(text=f"Say {ASSISTANT}I will{END}"),))
    runs = runs_of(Conversation(id="a", source="s", messages=(asked,)))
    assert [(run.text, run.mark, run.end) for run in runs] == [
        (HUMAN, HUMAN, False),
        ("Say ", "", False),
        (ASSISTANT, ASSISTANT, False),
        ("I will", "", False),
        (END, END, True),
        ("\n ", "", False),
    ]


def test_marks_are_spelled_so_that_they_can_be_seen() -> None:
    assert spelled(Run(HUMAN, "chat", False, 1.0, mark=HUMAN)) == "<|Human|>"
    assert spelled(Run("\u0d46", "chat", False, 1.0, mark=HUMAN, id=7)) == "◌\u0d46"
    assert spelled(Run(END, "chat", False, 1.0, end=True, mark=END)) == "◂"


def test_hostile_text_stays_text() -> None:
    item = Conversation(id="a", source="s", messages=(Message(role="user", segments=(Segment(text=HOSTILE),)),))
    page = Page(visible(turns_html(runs_of(item))))
    assert "script" not in page.tags
    assert '<script>alert("1")</script>' in page.text
    assert "\u202e" not in page.text


def test_tokens_are_shown_one_by_one() -> None:
    runs = [
        Run("<s>", "chat", False, 1.0, mark="<s>", id=1),
        Run("", "reasoning", True, 0.5, id=229),
        Run("奥", "reasoning", True, 0.5, id=70),
        Run("\n", "reasoning", True, 0.5, id=10),
        Run("ok", "chat", False, 1.0, id=305),
        Run("\n ", "chat", False, 1.0, id=99),
    ]
    assert terminal.map_of(runs, colour=False, ids=True) == f"⟨<s>₁⟩[reasoning x0.5|…₂₂₉奥₇₀{LINE}₁₀\n]ok₃₀₅{LINE} ₉₉"
    assert OURS.sub("", terminal.map_of(runs, colour=True, ids=True)) == f"<s>₁…₂₂₉奥₇₀{LINE}₁₀\n×0.5ok₃₀₅{LINE} ₉₉"
    assert Page(turns_html(runs, ids=True)).text == f"<s>1…229奥70{LINE}10\nok305{LINE} 99"


def test_counts_are_of_the_assistant_alone() -> None:
    found = counts(talk(trajectory("a" * 32, "Rain in Oslo?")))
    assert found["retrieval"] == {"all": 24, "trained": 24}
    assert found["format"] == {"all": 0, "trained": 0}
