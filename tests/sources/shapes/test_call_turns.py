"""Whatever the order of messages, a row tells steps or says why not; long rows take linear time."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, ToolCall
from agentflan.sources.shapes.call_turns import Call, Said, told

texts = st.sampled_from(["", " ", "a", "<think>t</think>", "<think>", "</think>b", "[1, 2]", "[1"])
ids, names = st.sampled_from(["", "1", "2"]), st.sampled_from(["", "f", "h"])
calls = st.lists(st.tuples(st.sampled_from("fg"), texts, ids).map(Call._make), max_size=3).map(tuple)
said = st.one_of(
    st.tuples(st.sampled_from(["system", "user"]), texts).map(lambda one: Said(*one)),
    st.tuples(st.just("assistant"), texts, calls, texts).map(lambda one: Said(*one)),
    st.tuples(texts, ids, names).map(lambda one: Said("tool", one[0], id=one[1], name=one[2])),
)


@given(st.lists(said, max_size=9))
def test_nothing_is_lost(messages: list[Said]) -> None:
    try:
        found = told(messages)
    except Unreadable:
        return
    if isinstance(found, Dropped):
        return
    made = [call for one in messages for call in one.calls]
    assert [(call.name, call.arguments) for call in made] == [
        (step.action.name, step.action.arguments) for step in found.steps if isinstance(step.action, ToolCall)
    ]
    seen = "".join(step.observation or "" for step in found.steps)
    assert all(one.text in seen for one in messages if one.role == "tool" and not one.text.startswith("["))
    assert not found.steps[0].together
    assert found.called == bool(made)
    assert (found.ending == "answer") == isinstance(found.steps[-1].action, Answer)


def test_long_rows_take_linear_time() -> None:
    many = 30_000
    start = time.process_time()
    call = Call("f", "{}")
    every = tuple(Call("f", "{}", str(number)) for number in range(many))
    outputs = [Said("tool", "x", id=str(number)) for number in range(many)]
    question = Said("user", "q")
    told([question, Said("assistant", "", (call,) * many), *[Said("tool", "x", name="g")] * many * 2])
    told([question, Said("assistant", "", every), *reversed(outputs)])
    told([question, *[Said("assistant", "x")] * many, *[question] * many])
    assert time.process_time() - start < 10
