"""Problems as the two forms of the interface send them, and replies as they come back, calls among them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake
from agentflan.core.types import Message, Problem, Reply, Segment, ToolSpec
from agentflan.dialects.calls import reader
from agentflan.models.chat.forms import Chat, Raw
from agentflan.models.chat.wire import Failure
from agentflan.templates.llama2 import Llama2

TIDES = ToolSpec(name="tide_table", parameters='{"type": "object", "properties": {"port": {"type": "string"}}}')
CALLED = (
    Segment(text='<tool_call>\n{"name": "', capability="format"),
    Segment(text="tide_table", capability="retrieval"),
    Segment(text='", "arguments": ', capability="format"),
    Segment(text='{"port": "Brest"}', capability="understanding"),
    Segment(text="}\n</tool_call>", capability="format"),
)


def problem(syntax: str = "", *earlier: Message) -> Problem:
    system = Message(role="system", segments=(Segment(text="Be "), Segment(text="brief.")))
    asks = Message(role="user", segments=(Segment(text="Hi"),))
    return Problem(id="p", messages=(system, asks, *earlier), tools=(TIDES,), syntax=syntax)


def answered(**message: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode()


def calls(*functions: Any) -> list[Any]:
    return [{"id": "1", "type": "function", "function": function} for function in functions]


def test_a_request_is_what_the_interface_asks_for() -> None:
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert json.loads(Chat().body(problem(), {"model": "m", "top_p": 1})) == {
        "model": "m",
        "top_p": 1,
        "messages": said,
    }


def test_tools_and_calls_of_the_native_syntax_are_sent_as_data() -> None:
    seen = Message(role="user", segments=(Segment(text="high at noon"),))
    sent = json.loads(Chat().body(problem(NATIVE, Message(role="assistant", segments=CALLED), seen), {}))
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["tide_table"]
    called, output = sent["messages"][2:]
    function = called["tool_calls"][0]["function"]
    assert (function["name"], json.loads(function["arguments"])) == ("tide_table", {"port": "Brest"})
    assert (output["role"], output["tool_call_id"]) == ("tool", called["tool_calls"][0]["id"])


@pytest.mark.parametrize("arguments", ['{"port": "Brest", "days": 2}', {"port": "Brest", "days": 2}])
def test_a_call_comes_back_as_text_that_the_reader_knows(arguments: Any) -> None:
    function = {"name": "tide_table", "arguments": arguments}
    reply = Chat().reply(answered(content="Let me see.", tool_calls=calls(function, function)))
    assert isinstance(reply, Reply)
    assert reply.text.startswith("Let me see.\n<tool_call>")
    attempts = reader.read(reply.text).attempts
    assert [(attempt.call.name, attempt.malformed) for attempt in attempts] == [("tide_table", False)] * 2
    assert json.loads(attempts[0].call.arguments) == {"port": "Brest", "days": 2}


@pytest.mark.parametrize("arguments", ["", '{"port": ', "Brest", None])
def test_arguments_that_are_no_json_are_kept_and_still_a_call(arguments: str | None) -> None:
    reply = Chat().reply(answered(content=None, tool_calls=calls({"name": "tide_table", "arguments": arguments})))
    assert isinstance(reply, Reply)
    (attempt,) = reader.read(reply.text).attempts
    assert attempt.call.name == "tide_table"
    assert (arguments or "") in json.dumps(reply.text) or json.dumps(arguments)[1:-1] in reply.text


def test_what_a_model_declines_with_is_its_reply() -> None:
    assert Chat().reply(answered(content=None, refusal="I would rather not.")) == Reply(text="I would rather not.")


def test_a_template_lays_the_prompt_out_and_its_mark_ends_the_reply() -> None:
    form = Raw(Llama2())
    sent = json.loads(form.body(problem(), {"model": "m", "max_tokens": 5}))
    assert sent == {
        "model": "m",
        "max_tokens": 5,
        "prompt": "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]",
        "stop": ["</s>"],
    }
    runs_on = {"choices": [{"text": " Hello.</s>[INST] More", "finish_reason": "length"}]}
    assert form.reply(json.dumps(runs_on).encode()) == Reply(text="Hello.")
    assert form.reply(b'{"choices": [{"text": " Hel", "finish_reason": "length"}]}') == Reply(
        text="Hel", fault="length"
    )
    assert form.reply(answered(content="of the other form")) == Failure("wrong_schema")


def test_a_template_without_calls_says_so() -> None:
    with pytest.raises(Mistake, match="llama2 has no syntax for tools"):
        Raw(Llama2()).body(problem(NATIVE), {})
