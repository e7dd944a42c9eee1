"""The six task grammars: what they write they read back, what real agents write is read, and odd text never raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.types import Answer, Message, Segment, Step, ToolCall
from agentflan.dialects.alfworld import Alfworld
from agentflan.dialects.database import Database
from agentflan.dialects.grammar.labels import TaskGrammar
from agentflan.dialects.knowledge_graph import KnowledgeGraph
from agentflan.dialects.mind2web import Mind2web
from agentflan.dialects.os import Os
from agentflan.dialects.webshop import Webshop

GRAMMARS: dict[str, TaskGrammar] = {
    "os": Os(),
    "database": Database(),
    "knowledge_graph": KnowledgeGraph(),
    "alfworld": Alfworld(),
    "webshop": Webshop(),
    "mind2web": Mind2web(),
}
every = pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=GRAMMARS)

line = st.text(st.sampled_from("abc ()[]#:.,`'\"é😀"), min_size=1, max_size=20).map(str.strip)
lines = st.lists(line, max_size=3).map("\n".join).map(str.strip)
marks = "Thought:|THOUGHT:|Think:|Act:|Action:| ACTION:|Answer:|Final Answer:|Value:|answer(|)|bash|finish|Answer|go to"
hostile = st.lists(
    st.sampled_from([*marks.split("|"), "\n", " ", "Operation", "```", "```sql", "click[", "]", "B.", "İ", "\0"]),
    max_size=30,
).map("".join)
word = st.text(st.sampled_from("ξψω😀"), min_size=1, max_size=9)
"""Of letters that no grammar's form has."""
calls = st.builds(ToolCall, name=line, arguments=lines)
answers = st.builds(Answer, text=lines)
steps = st.builds(Step, thought=lines | hostile, action=calls | answers | st.none(), loss=st.just(True))


def said(text: str) -> tuple[Message, ...]:
    return (Message(role="assistant", segments=(Segment(text=text),)),)


def text_of(messages: tuple[Message, ...]) -> str:
    return "".join(segment.text for message in messages for segment in message.segments)


@every
@given(step=steps)
def test_what_is_written_is_read_back_or_refused(grammar: TaskGrammar, step: Step) -> None:
    try:
        written = grammar.write(step, (), "key")
    except ValueError:
        return
    assert grammar.read(written) == step
    assert grammar.read(said(text_of(written))) == step


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("os", Step(thought="Look.", action=ToolCall(name="bash", arguments="ls -l | wc\necho $(date)"))),
        ("os", Step(thought="Done.", action=ToolCall(name="finish"))),
        ("os", Step(action=Answer(text="f(x) = (1)"))),
        ("os", Step(thought="Hm.")),
        ("database", Step(thought="Count\nthem.", action=ToolCall(name="Operation", arguments="SELECT 1;"))),
        ("database", Step(action=Answer(text='["none"]'))),
        ("knowledge_graph", Step(thought="Go.", action=ToolCall(name="get_neighbors", arguments="a (b), c.d"))),
        ("knowledge_graph", Step(thought="So.", action=Answer(text="#3"))),
        ("alfworld", Step(thought="Go.", action=ToolCall(name="go to", arguments="shelf 1"))),
        ("alfworld", Step(action=ToolCall(name="put", arguments="cup 3 in/on microwave 1"))),
        ("alfworld", Step(action=ToolCall(name="inventory"))),
        ("webshop", Step(thought="Buy.", action=ToolCall(name="click", arguments="size [large]"))),
        ("webshop", Step(action=ToolCall(name="search", arguments="usb cable price < 9.00"))),
        ("mind2web", Step(thought="Type.", action=ToolCall(name="TYPE", arguments="B, Chicago, IL"))),
        ("mind2web", Step(thought="Click.", action=ToolCall(name="CLICK", arguments="C"))),
        ("mind2web", Step(thought="None of them.", action=Answer(text="A"))),
    ],
)
def test_the_steps_each_task_is_made_of_have_a_form(name: str, step: Step) -> None:
    assert GRAMMARS[name].read(GRAMMARS[name].write(step, (), "key")) == step


@every
@given(thought=word, arguments=word, loss=st.booleans())
def test_segments_say_what_they_train(grammar: TaskGrammar, thought: str, arguments: str, loss: bool) -> None:
    step = Step(thought=thought, action=ToolCall(name="look", arguments=arguments), loss=loss)
    (message,) = grammar.write(step, (), "key")
    by_capability: dict[str | None, str] = {}
    for segment in message.segments:
        by_capability[segment.capability] = by_capability.get(segment.capability, "") + segment.text
        assert segment.loss is loss
    form = by_capability.pop("format")
    assert by_capability == {"reasoning": thought, "retrieval": "look", "understanding": arguments}
    assert not set(form) & set(thought + arguments)
    assert "look" not in form
    assert grammar.read((message,)).loss


READ = [
    ("os", "THINK: a\n\nAct: answer(0)", Step(thought="a", action=Answer(text="0"))),
    (
        "os",
        "Think: a\n\nAct: bash\n\n```\nls\n```\n```bash\npwd\n```",
        Step(thought="a", action=ToolCall(name="bash", arguments="ls\npwd")),
    ),
    (
        "os",
        "Think: a\n\nAct: bash\n\n```bash\nls -l",
        Step(thought="a", action=ToolCall(name="bash", arguments="ls -l")),
    ),
    (
        "os",
        "Think: a\nAct: bash\nThink: b\nAct: finish",
        Step(thought="a\nAct: bash\nThink: b", action=ToolCall(name="finish")),
    ),
    (
        "database",
        "a\nAction: Operation\n```sql\nSELECT 1```",
        Step(thought="a", action=ToolCall(name="Operation", arguments="SELECT 1")),
    ),
    ("database", "Final Answer: [1]", Step(action=Answer(text="[1]"))),
    (
        "knowledge_graph",
        "Thought: a \n\nAction: count(#0)\nObservation: 3",
        Step(thought="a", action=ToolCall(name="count", arguments="#0")),
    ),
    ("knowledge_graph", "Thought: a\nFinal Answer: #3", Step(thought="a", action=Answer(text="#3"))),
    (
        "alfworld",
        "THOUGHT: a \n ACTION: go to bed 1\n",
        Step(thought="a", action=ToolCall(name="go to", arguments="bed 1")),
    ),
    ("alfworld", "Thought: a\nAction: look", Step(thought="a", action=ToolCall(name="look"))),
    ("alfworld", "Thought: a", Step(thought="a")),
    (
        "webshop",
        "Thought:\nI think a \n\nAction: \nclick[b [c]]",
        Step(thought="I think a", action=ToolCall(name="click", arguments="b [c]")),
    ),
    ("webshop", "Action: search[b", Step(action=ToolCall(name="search", arguments="b"))),
    (
        "mind2web",
        "Thought: a\nAnswer: B.\nAction: SELECT\nValue: Two, please",
        Step(thought="a", action=ToolCall(name="SELECT", arguments="B, Two, please")),
    ),
    ("mind2web", "Answer: A.", Step(action=Answer(text="A"))),
    ("mind2web", "Action: CLICK", Step(action=ToolCall(name="CLICK"))),
]


@pytest.mark.parametrize(("name", "text", "step"), READ)
def test_what_agents_write_is_read(name: str, text: str, step: Step) -> None:
    assert GRAMMARS[name].read(said(text)) == step


@every
@given(text=hostile | st.text(max_size=60))
def test_odd_text_never_raises(grammar: TaskGrammar, text: str) -> None:
    found = grammar.read(said(text))
    assert isinstance(found, Step)
    assert len(found.thought) <= len(text)
    assert isinstance(grammar.observed(text), str)


@every
@pytest.mark.parametrize("text", [" ", "\n", "```\n", "Action:", "Act:\n", "(", "Thought: "])
def test_two_megabytes_of_it_end(grammar: TaskGrammar, text: str) -> None:
    grammar.read(said(text * (2_000_000 // len(text))))


@every
@given(observation=lines)
def test_observations_come_back(grammar: TaskGrammar, observation: str) -> None:
    assert grammar.observed(grammar.observe(observation)) == observation


@every
def test_plain_talk_is_an_answer_and_a_prompt_is_kept(grammar: TaskGrammar) -> None:
    assert grammar.read(said("Good morning!")) == Step(action=Answer(text="Good morning!"))
    assert grammar.system("Do it.", (), "key") == "Do it."
    assert len(grammar.system("", (), "key")) > 100
