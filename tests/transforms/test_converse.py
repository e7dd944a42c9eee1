from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core.types import Answer, Conversation, Step, ToolCall, ToolSpec, Trajectory
from agentflan.dialects.talk import Talk
from agentflan.transforms.converse import Converse
from tests.transforms.drawn import agents, alternates, settle

TOOLS = (ToolSpec(name="weather", description="Tells the weather."),)
STEPS = (
    Step(thought="I look.", action=ToolCall(name="weather", arguments='{"city": "Oslo"}'), observation="rain"),
    Step(thought="Clear.", action=Answer(text="It rains.")),
)


def agent(number: int, **fields: object) -> Trajectory:
    row = Trajectory(id=f"r{number}", source="toolbench", query="Oslo?", steps=STEPS, tools=TOOLS)
    return msgspec.structs.replace(row, **fields)


def converted(item: Trajectory, **fields: object) -> Conversation:
    (kept,), left = settle(Converse(**fields), [item])
    assert not left
    assert isinstance(kept, Conversation)
    return kept


def in_react(item: object) -> bool:
    assert isinstance(item, Conversation)
    return "Action Input" in "".join(segment.text for segment in item.messages[2].segments)


def text(item: Conversation) -> list[tuple[str, str]]:
    return [(message.role, "".join(segment.text for segment in message.segments)) for message in item.messages]


def test_react_form() -> None:
    item = converted(agent(1), react_share=1, listing="signature", instruct=False)
    assert text(item)[1:] == [
        ("user", "Oslo?"),
        ("assistant", 'Thought: I look.\nAction: weather\nAction Input: {"city": "Oslo"}'),
        ("user", "Observation: rain"),
        ("assistant", "Thought: Clear.\nFinal Answer: It rains."),
    ]
    assert (item.query, item.kind, item.tools) == ("Oslo?", "agent", TOOLS)


def test_dialogue_joins_what_is_seen_and_what_is_asked() -> None:
    item = converted(agent(1), react_share=0, by_value_share=0)
    said = [said for role, said in text(item) if role == "assistant"]
    assert said == ["I look.", "weather", '{"city": "Oslo"}', "Clear.", "It rains."]
    question, seen = item.messages[1], item.messages[7]
    assert [segment.capability for segment in question.segments] == [None, "reasoning"]
    assert question.segments[0].text == "Oslo?"
    assert seen.segments[0].text == "rain"
    assert seen.segments[1].text.startswith("\n")
    assert alternates(item)


@given(share=st.floats(0, 1), count=st.integers(0, 60), seed=st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_the_share_is_exact(share: float, count: int, seed: int) -> None:
    kept, _ = settle(Converse(react_share=share, seed=seed), [agent(number) for number in range(count)])
    assert sum(map(in_react, kept)) == round(share * count)


def test_a_task_keeps_its_grammar_or_is_dialogue() -> None:
    rows = [
        agent(
            number,
            dialect="os",
            tools=(),
            instruction="A shell.",
            steps=(Step(thought="So.", action=ToolCall(name="bash", arguments="ls")),),
        )
        for number in range(20)
    ]
    kept, left = settle(Converse(react_share=0.25), rows)
    assert not left
    replies = [text(item)[-1][1] for item in kept if isinstance(item, Conversation)]
    assert sorted(replies) == sorted(["Think: So.\n\nAct: bash\n\n```bash\nls\n```"] * 5 + ["ls"] * 15)


def test_plain_chat_stays_plain() -> None:
    steps = (Step(action=Answer(text="Hi."), observation="More."), Step(action=Answer(text="Well."), loss=False))
    item = converted(agent(1, kind="general", steps=steps))
    assert text(item) == [("user", "Oslo?"), ("assistant", "Hi."), ("user", "More."), ("assistant", "Well.")]
    assert item.tools == ()
    segments = [segment for message in item.messages for segment in message.segments]
    assert [(segment.capability, segment.loss) for segment in segments] == [(None, False), (None, True)] + [
        (None, False)
    ] * 2


def test_what_leaves_says_why() -> None:
    rows = [
        agent(1, steps=(Step(action=ToolCall(name="guess")),)),
        agent(2, steps=()),
        agent(3, query="", steps=(Step(action=Answer(text="x")),)),
        agent(4, steps=(Step(),)),
    ]
    assert settle(Converse(), rows)[1] == [("r1", "unknown_tool")] + [
        (f"r{number}", "unwritable") for number in (2, 3, 4)
    ]
    assert settle(Converse(react_share=1), [agent(5, dialect="klingon")])[1] == [("r5", "unknown_dialect")]
    assert not settle(Converse(unknown_tools="keep"), rows[:1])[1]


def test_the_last_observation_is_nobody_s_question() -> None:
    item = converted(agent(1, steps=(msgspec.structs.replace(STEPS[0], observation="rain"),)))
    assert item.messages[-1].role == "assistant"


@settings(max_examples=60, deadline=None)
@given(item=agents, share=st.sampled_from([0.0, 1.0]))
def test_every_trained_word_is_a_word_of_the_agent(item: Trajectory, share: float) -> None:
    """Nothing is trained but thoughts, names, arguments, answers and the labels of the form."""
    kept, _ = settle(Converse(react_share=share), [msgspec.structs.replace(item, id="r")])
    for each in kept:
        assert isinstance(each, Conversation)
        assert alternates(each)
        trained = [segment for message in each.messages for segment in message.segments if segment.loss]
        thoughts = [step.thought for step in item.steps if step.loss and step.thought]
        assert [segment.text.strip("\n") for segment in trained if segment.capability == "reasoning"] == thoughts
        names = [step.action.name for step in item.steps if step.loss and isinstance(step.action, ToolCall)]
        assert [segment.text.strip("\n") for segment in trained if segment.capability == "retrieval"] == names
        answers = [step.action.text for step in item.steps if step.loss and isinstance(step.action, Answer)]
        assert [segment.text.strip("\n") for segment in trained if segment.capability is None] == answers


def test_dialogue_can_be_read_back_step_by_step() -> None:
    item = converted(agent(1), react_share=0, by_value_share=1)
    talk = Talk()
    assert talk.read(item.messages[1:9]) == msgspec.structs.replace(STEPS[0], observation=None)
    assert json.loads(STEPS[0].action.arguments) == {"city": "Oslo"}


@pytest.mark.parametrize("name", ["react_share", "by_value_share"])
def test_shares_lie_between_0_and_1(name: str) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Converse(**{name: 1.5})


@given(react=st.floats(0, 0.5), fenced=st.floats(0, 0.5), count=st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_the_fenced_share_is_exact_and_takes_nothing_from_react(react: float, fenced: float, count: int) -> None:
    rows = [agent(number) for number in range(count)]
    ways = [item.dialect for item in settle(Converse(react_share=react, fenced_share=fenced), rows)[0]]
    plain = [item.dialect for item in settle(Converse(react_share=react), rows)[0]]
    assert [way == "react" for way in ways] == [way == "react" for way in plain]
    assert ways.count("fenced") == min(round(fenced * count), count - ways.count("react"))


def test_a_grammar_of_its_own_is_never_fenced() -> None:
    rows = [agent(number, dialect="os", tools=()) for number in range(10)]
    kept, _ = settle(Converse(react_share=0.2, fenced_share=0.8), rows)
    assert {item.dialect for item in kept} == {"os", "talk"}


def test_a_source_in_both_ways() -> None:
    rows = [agent(number, source="agentinstruct") for number in range(3)] + [agent(9)]
    kept, left = settle(Converse(react_share=0, both=("agentinstruct",)), rows)
    assert not left
    ways = sorted((item.id, item.dialect) for item in kept)
    assert ways == sorted(
        [(f"r{number}{end}", way) for number in range(3) for end, way in (("", "react"), ("-talk", "talk"))]
        + [("r9", "talk")]
    )
    assert {item.group for item in kept} == {item.group for item in rows}


def test_shares_leave_nothing_below_zero() -> None:
    with pytest.raises(ValueError, match="together"):
        Converse(react_share=0.6, fenced_share=0.6)
