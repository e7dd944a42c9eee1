"""Real replies as raw text, from the rows beside the project: those that call, and those that are plain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agentflan.core.types import ToolSpec

FOLDER = Path(__file__).parents[3] / "shared" / "data"


class Real(NamedTuple):
    """A reply, the tools that its prompt offered, and the tool that it calls; empty: it is plain."""

    text: str
    tools: tuple[ToolSpec, ...]
    calls: str = ""


def when2call() -> Iterator[Real]:
    for row in _lines("when2call/when2call_test_llm_judge.jsonl"):
        tools = tuple(ToolSpec(name=json.loads(tool)["name"]) for tool in row["tools"])
        for behaviour, text in row["answers"].items():
            yield Real(text, tools, json.loads(text)["name"] if behaviour == "tool_call" else "")


def glaive() -> Iterator[Real]:
    """Calls as LLaMA-Factory keeps them, and as Glaive wrote them: tagged, the arguments in single quotes."""
    for language in ("en", "zh"):
        for row in _whole(f"llamafactory/glaive_toolcall_{language}_demo.json"):
            tools = _offered(row["tools"])
            for turn in row["conversations"]:
                if turn["from"] == "gpt":
                    yield Real(turn["value"], tools)
                elif turn["from"] == "function_call":
                    call = json.loads(turn["value"])
                    written = json.dumps(call["arguments"], ensure_ascii=False)
                    tagged = f'<functioncall> {{"name": "{call["name"]}", "arguments": \'{written}\'}} <|endoftext|>'
                    yield Real(turn["value"], tools, call["name"])
                    yield Real(tagged, tools, call["name"])


def hermes() -> Iterator[Real]:
    """With the thoughts before a call or an answer, as a model that reasons writes them, and without."""
    for row in _lines("llamafactory/reason_tool_use_demo_50.jsonl"):
        tools = _offered(row["tools"])
        for message in row["messages"]:
            if message["role"] == "assistant":
                parts = [(part["type"], part["value"]) for part in message["content"]]
                thought = "".join(f"<think>\n{value}\n</think>\n" for kind, value in parts if kind == "reasoning")
                said = "\n".join(TAGGED.get(kind, "{}").format(value) for kind, value in parts if kind != "reasoning")
                called = [json.loads(value)["name"] for kind, value in parts if kind == "tool_call"]
                yield Real(said, tools, called[0] if called else "")
                yield Real(thought + said, tools, called[0] if called else "")


def fireact() -> Iterator[Real]:
    """Searches alone: `finish[..]` is how these rows answer, and no row has a plain reply."""
    for row in _lines("fireact/data__finetune__gpt_format__multitask_multimethod.jsonl"):
        for message in row["messages"]:
            if message["role"] == "assistant" and "Action: search[" in message["content"]:
                yield Real(message["content"], (), "search")


def taubench() -> Iterator[Real]:
    """The rows keep calls apart from the text: each is written in all the ways in which models write one."""
    for row in _whole("taubench/gpt-4o-airline.json"):
        for message in row["traj"]:
            if message["role"] == "assistant":
                calls = [call["function"] for call in message.get("tool_calls") or ()]
                if not calls:
                    yield Real(message["content"], ())
                for call in calls:
                    for write in SPELLINGS.values():
                        yield Real(write(call["name"], json.loads(call["arguments"])), (), call["name"])


def apibank() -> Iterator[Real]:
    """Calls as the benchmark's own prompt wants them, and as its fine-tuned model writes them."""
    for path in sorted((FOLDER / "apibank").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            turn = json.loads(line)
            if turn["role"] == "AI":
                yield Real(turn["text"], ())
            elif turn["role"] == "API":
                arguments = ", ".join(f"{key}='{value}'" for key, value in turn["param_dict"].items())
                call = f"[{turn['api_name']}({arguments})]"
                yield Real(call, (), turn["api_name"])
                yield Real(f"API-Request: {call}", (), turn["api_name"])


SOURCES: dict[str, Callable[[], Iterator[Real]]] = {
    "when2call": when2call,
    "glaive": glaive,
    "hermes": hermes,
    "fireact": fireact,
    "taubench": taubench,
    "apibank": apibank,
}

TAGGED = {"tool_call": "<tool_call>\n{}\n</tool_call>"}


def _object(name: str, arguments: dict[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": arguments})


SPELLINGS: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "json": _object,
    "openai": lambda name, given: json.dumps({"function": {"name": name, "arguments": json.dumps(given)}}),
    "hermes": lambda name, given: TAGGED["tool_call"].format(_object(name, given)),
    "glaive": lambda name, given: f'<functioncall> {{"name": "{name}", "arguments": \'{json.dumps(given)}\'}}',
    "react": lambda name, given: f"Thought: This one.\nAction: {name}\nAction Input: {json.dumps(given)}",
    "python": lambda name, given: f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})",
}


def _offered(listed: str) -> tuple[ToolSpec, ...]:
    return tuple(ToolSpec(name=tool.get("function", tool)["name"]) for tool in json.loads(listed or "[]"))


def _whole(path: str) -> Any:
    return json.loads((FOLDER / path).read_text(encoding="utf-8"))


def _lines(path: str) -> Iterator[Any]:
    return map(json.loads, (FOLDER / path).read_text(encoding="utf-8").splitlines())
