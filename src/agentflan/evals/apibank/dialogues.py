"""API-Bank's dialogues as problems: before each call of an API, and before the reply that follows it.

Upstream is AlibabaResearch/DAMO-ConvAI, api-bank/evaluator.py, whose words the prompts are. It sends a dialogue as
messages, with results of APIs from the system; here the dialogue is one message, written as in its own example. It
takes the descriptions of APIs from its code; here they are those that the dialogues of the folder hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Message, Problem, Segment, Step, ToolSpec
from agentflan.evals import files
from agentflan.sources.apibank import SEARCHER, Turn, described, plain

SAMPLE = Path(__file__).parent / "sample"
_CALL = """
Based on the given API description and the existing conversation history 1..t, please generate the API request that \
the AI should call in step t+1 and output it in the format of [ApiName(key1='value1', key2='value2', ...)], replace \
the ApiName with the actual API name, and replace the key and value with the actual parameters.\x20
Your output should start with a square bracket "[" and end with a square bracket "]". Do not output any other \
explanation or prompt or the result of the API call in your output.\x20
This year is 2023.
Input:\x20
User: [User's utterence]
AI: [AI's utterence]

Expected output:
[ApiName(key1='value1', key2='value2', ...)]

API descriptions:
"""
_REPLY = """
Based on the given API description and the existing conversation history 1..t, please generate the next dialog that \
the AI should response after the API call t.
This year is 2023.
Input:\x20
User: [User's utterence]
AI: [AI's utterence]
[ApiName(key1='value1', key2='value2', …)]

Expected output:
AI: [AI's utterence]

API descriptions:
"""
_SEARCHER = ToolSpec(
    name=SEARCHER,
    description="Searches for relevant tools in library based on the keywords.",
    parameters='{"type":"object","properties":{"keywords":{"type":"str","description":"The keyword to search for."}}}',
)


class Due(msgspec.Struct, frozen=True):
    """The call that is right."""

    name: str
    arguments: dict[str, str]


class _Schema(msgspec.Struct, frozen=True):
    properties: dict[str, Any]


def paths(folder: Path) -> list[Path]:
    """The dialogues of a folder and below. Raises Mistake where there is none."""
    found = sorted(folder.rglob("*.jsonl"))
    if not found:
        raise Mistake("no dialogue is here", where=str(folder), mend="name the folder of API-Bank's .jsonl files")
    return found


def problems(folder: Path) -> list[Problem]:
    dialogues = [
        (path.relative_to(folder).as_posix(), [turn for _, turn in files.records(path, Turn)]) for path in paths(folder)
    ]
    known = {tool.name: tool for _, turns in dialogues for tool in described(turns)}
    return [problem for name, turns in dialogues for problem in _of(name, turns, known)]


def _of(name: str, turns: Sequence[Turn], known: dict[str, ToolSpec]) -> Iterator[Problem]:
    """Level 2 is told of the searcher alone, and of other APIs by what it finds."""
    level = "level_2" if "toolsearcher" in name else "level_1"
    called = dict.fromkeys(turn.api_name for turn in turns if turn.api_name)
    used = [ToolSpec(name=each, parameters=_parameters(each, turns)) for each in called if each != SEARCHER]
    offered = (_SEARCHER,) if level == "level_2" else tuple(known.get(tool.name, tool) for tool in used)
    for place, turn in enumerate(turns):
        key = f"{level}/{name.removesuffix('.jsonl')}/{place}"
        if turn.api_name:
            due = _due(turn)
            part = f"search/{level}" if due.name == SEARCHER else f"call/{level}"
            yield _problem(key, part, _CALL, turns[:place], offered, _written(due), due)
            after = turns[place + 1] if place + 1 < len(turns) else None
            if after and after.role == "AI" and after.text:
                said = after.text.strip()
                yield _problem(f"{key}/reply", f"reply/{level}", _REPLY, turns[: place + 1], offered, said, said)


def _problem(
    key: str,
    part: str,
    head: str,
    history: Sequence[Turn],
    offered: Sequence[ToolSpec],
    gold: str,
    reference: Due | str,
) -> Problem:
    listed = "\n".join(_description(tool) for tool in offered)
    talk = "\n".join(_line(turn) for turn in history)
    return Problem(
        id=f"apibank/{key}",
        messages=(
            Message(role="system", segments=(Segment(text=f"{head}{listed}".strip()),)),
            Message(role="user", segments=(Segment(text=f"Input: \n{talk}\n\nExpected output:"),)),
        ),
        tools=tuple(offered),
        gold=(Step(action=Answer(text=gold)),),
        reference=msgspec.json.encode(reference).decode(),
        part=part,
    )


def _line(turn: Turn) -> str:
    if not turn.api_name:
        return f"{turn.role}: {turn.text or ''}"
    result = plain(turn.result)
    output = result.get("output") if isinstance(result, dict) else result
    return f"{_written(_due(turn))} Response: {output}"


def _due(turn: Turn) -> Due:
    given = plain(turn.param_dict)
    arguments = given if isinstance(given, dict) else {}
    return Due(turn.api_name or "", {key: str(value) for key, value in arguments.items()})


def _written(due: Due) -> str:
    return f"[{due.name}({', '.join(f'{key}={value!r}' for key, value in due.arguments.items())})]"


def _description(tool: ToolSpec) -> str:
    properties = msgspec.json.decode(tool.parameters, type=_Schema).properties
    told = {"name": tool.name, "description": tool.description, "input_parameters": properties}
    return msgspec.json.encode(told).decode()


def _parameters(name: str, turns: Sequence[Turn]) -> str:
    """What the calls of an API show of its parameters."""
    keys = dict.fromkeys(key for turn in turns if turn.api_name == name for key in _due(turn).arguments)
    return msgspec.json.encode({"type": "object", "properties": {key: {"type": "str"} for key in keys}}).decode()
