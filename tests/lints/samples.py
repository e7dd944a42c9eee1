"""For each lint that a row can have, the rows of a file in which it is found, and the source that reads them."""

from __future__ import annotations

import copy
import json
from typing import Any, NamedTuple

from tests.corpus.test_build import row as search

CLEAN_CALL = '{"city":"Rome"}'
EXAMPLE_ENDS = "Now, I will start a new problem in a new OS. My problem is:\n\nWhere am I?"
SECRETS = {
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "openai": "sk" + "-proj-" + "a1B2" * 8,
    "aws": "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "github": "gh" + "p_" + "a1B2" * 9,
    "github, fine-grained": "github" + "_pat_" + "a1B2" * 12,
    "gitlab": "gl" + "pat-" + "a1B2" * 6,
    "hugging face": "h" + "f_" + "aBcD" * 9,
    "google": "AI" + "za" + "a1B2c" * 7,
    "slack": "xo" + "xb-" + "1234567890-abcdef",
    "stripe": "s" + "k_live_" + "a1B2" * 6,
    "web token": ".".join(["ey" + "J" + "a1B2" * 4, "ey" + "J" + "a1B2" * 4, "a1B2" * 4]),
    "bearer": "Authorization: Bear" + "er " + "a1B2" * 8,
    "url": "https://anna:" + "s3cret@db.internal/x",
}


class Sample(NamedTuple):
    source: str
    rows: list[dict[str, Any]]


def tool(name: str = "get_weather", **changes: Any) -> dict[str, Any]:
    city = {"type": "string", "description": "Where."}
    schema = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    return {"name": name, "description": "Tells the weather.", "parameters": schema, **changes}


def parameter(name: str = "city", **about: Any) -> dict[str, Any]:
    given = {"type": "string", "description": "Where.", **about}
    return tool(parameters={"type": "object", "properties": {name: given}, "required": []})


def called(name: str = "get_weather", arguments: str = CLEAN_CALL, thought: str = "I look it up.") -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": thought,
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}],
    }


def seen(text: str = '{"sky": "clear"}', role: str = "tool") -> dict[str, Any]:
    return {"role": role, "content": text, **({"tool_call_id": "1"} if role == "tool" else {})}


def asked(text: str = "What is the weather in Rome?") -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str = "It is clear in Rome.", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def talk(*messages: dict[str, Any], tools: Any = None) -> Sample:
    """A row in OpenAI's form, without any fault but what is given."""
    return Sample("openai", [{"messages": list(messages), "tools": [tool()] if tools is None else tools}])


def run(call: dict[str, Any] | None = None, output: dict[str, Any] | None = None, tools: Any = None) -> Sample:
    return talk(asked(), call or called(), output or seen(), said(), tools=tools)


def chat(*turns: dict[str, Any]) -> Sample:
    return Sample("sharegpt", [{"conversations": list(turns)}])


def tree(*nodes: dict[str, Any], finish: str = "give_answer") -> Sample:
    """A search of ToolBench whose kept path is sound."""
    kind = "give_and_restart" if finish == "give_up" else finish
    end = json.dumps({"return_type": "give_up_and_restart" if finish == "give_up" else kind, "final_answer": "Clear."})
    path = [
        asked(),
        {"role": "assistant", "content": "So.", "function_call": {"name": "get_weather", "arguments": CLEAN_CALL}},
        {"role": "function", "name": "get_weather", "content": "clear"},
        {"role": "assistant", "content": "Done.", "function_call": {"name": "Finish", "arguments": end}},
    ]
    made = {"function": [tool()], "train_messages": [path], "finish_type": finish, "valid_data": True}
    root = {"node_type": "Action Input", "description": "", "children": list(nodes)}
    return Sample("toolbench", [{"win": True, "tree": {"tree": root}, "answer_generation": made}])


CLEAN = run()


def twice(**changes: Any) -> Sample:
    first, second = copy.deepcopy(CLEAN.rows[0]), copy.deepcopy(CLEAN.rows[0])
    second["messages"][-1]["content"] = "No cloud is in the sky."
    return Sample("openai", [{**first, **changes}, {**second, **changes}])


def searched(turns: list[dict[str, str]] | None = None, **settings: Any) -> Sample:
    made = search(1, **settings)
    if turns:
        made["conversations"] = [*made["conversations"][:2], *turns, *made["conversations"][2:]]
    return Sample("toolbench", [made])


def _empty_answer() -> Sample:
    made = json.loads(json.dumps(search(1)).replace("Sun in town 1.", ""))
    return Sample("toolbench", [made])


RESTART = {"from": "user", "value": "This is not the first time you try this task, all previous trails failed."}
HUMAN, GPT = {"from": "human", "value": "Hello?"}, {"from": "gpt", "value": "Good day."}

SAMPLES: dict[str, Sample] = {
    "AF101": run(called("get_news")),
    "AF102": run(called(arguments='{"city": Rome')),
    "AF103": run(called(arguments="{'city': 'Rome'}")),
    "AF104": _empty_answer(),
    "AF105": Sample(
        "react",
        [
            {
                "question": "Who?",
                "output": "Thought: Hm.\nObservation: Nothing.\nThought: I look.\nAction: look[a]\nObservation: b\n"
                "Thought: So.\nFinal Answer: c",
            }
        ],
    ),
    "AF106": searched([RESTART]),
    "AF107": searched(end="give_up_and_restart"),
    "AF108": talk(asked(), called(), seen()),
    "AF109": run(called(thought="")),
    "AF110": run(called(arguments="{}")),
    "AF111": run(called(thought="The news of get_news will do."), tools=[tool(), tool("get_news")]),
    "AF112": run(called(" get_weather")),
    "AF113": talk(asked(), said()),
    "AF114": Sample("openai", [{"messages": run().rows[0]["messages"]}]),
    "AF115": talk(
        asked("You are a shell. Now, my problem is:\n\nHow many files?"),
        called(),
        seen("3"),
        said("3"),
        asked(EXAMPLE_ENDS),
        called(),
        seen("/"),
        said("In /."),
    ),
    "AF204": talk(asked(), called(), seen(), said(), asked("Thanks!")),
    "AF205": talk(asked(), called(), seen(), said("It is clear."), said("No rain.")),
    "AF206": chat(HUMAN, {**GPT, "loss": True}, HUMAN, GPT),
    "AF207": chat(HUMAN, {**GPT, "from": "chatgpt"}),
    "AF208": Sample(
        "react", [{"conversations": [HUMAN, {**GPT, "value": "THOUGHT: So.\nACTION: look[a]"}, HUMAN, GPT]}]
    ),
    "AF209": talk(asked(), called(), seen(role="user"), said()),
    "AF210": chat(HUMAN, GPT, HUMAN, {**GPT, "loss": False}),
    "AF211": Sample("openai", [*talk(asked(), seen(), said()).rows, *CLEAN.rows]),
    "AF212": Sample(
        "eto",
        [
            {
                "id": "sciworld_1",
                "reward": 0,
                "conversations": [
                    {"from": "human", "value": "You are in a kitchen. Boil water."},
                    {"from": "gpt", "value": "Thought: So.\nAction: open door"},
                    {"from": "human", "value": "The door is open."},
                    {"from": "gpt", "value": "Thought: Done.\nAction: wait"},
                ],
            }
        ],
    ),
    "AF301": run(output=seen("\x1b[01;31mclear\x1b[0m")),
    "AF302": chat(HUMAN, {**GPT, "value": "I am Vicuna."}),
    "AF303": run(output=seen(f"key {SECRETS['aws']}")),
    "AF304": run(output=seen("write to anna.smith@mail.io")),
    "AF305": talk(asked(), called(), seen(), said("It is \u200bclear.")),
    "AF306": run(output=seen("20 \ufffdC")),
    "AF307": talk(asked(), called(), seen(), said("罗马晴朗。")),
    "AF401": run(output=seen('{"sky": "cle...')),
    "AF402": run(output=seen('{"sky": ')),
    "AF403": run(output=seen(json.dumps({"response": "{'sky': 'clear'}"}))),
    "AF404": run(output=seen('{"error": "no such town"}')),
    "AF405": run(output=seen("")),
    "AF501": run(tools=[tool(description="")]),
    "AF502": run(tools=[parameter(description="")]),
    "AF503": run(called(arguments=""), tools=[tool(parameters={"type": "object", "properties": {}})]),
    "AF504": run(called("w" * 64), tools=[tool("w" * 64)]),
    "AF505": run(tools=[parameter("from")]),
    "AF506": run(tools=[parameter("city-name")]),
    "AF507": run(tools=[parameter(type="STRING")]),
    "AF508": run(called("weather.get"), tools=[tool("weather.get")]),
    "AF509": run(called("get_weather "), tools=[tool("get_weather ")]),
    "AF510": run(tools=[tool(description="x" * 1001)]),
    "AF511": run(tools=[tool(), tool(description="Once more.")]),
    "AF512": run(
        tools=[tool(parameters={"type": "object", "properties": {"a": {"description": "A."}}, "required": ["b"]})]
    ),
    "AF513": run(called("get weather"), tools=[tool("get weather")]),
    "AF601": Sample("openai", [CLEAN.rows[0], CLEAN.rows[0]]),
    "AF602": twice(),
    "AF603": twice(id="a"),
    "AF701": tree({"node_type": "Thought", "pruned": True, "children": []}),
    "AF702": tree({"node_type": "Action", "description": "get_news", "children": []}),
    "AF703": tree({"node_type": "Action Input", "description": "{city", "children": []}),
    "AF704": tree({"node_type": "Action Input", "description": "{}", "observation_code": 12, "children": []}),
    "AF705": tree(finish="give_up"),
}
