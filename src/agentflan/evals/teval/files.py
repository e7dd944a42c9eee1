"""The eight files of T-Eval, by name, and the problems in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Message, Problem, Segment, Step
from agentflan.evals import files
from agentflan.evals.teval.plans import listed
from agentflan.evals.teval.steps import gold_of

SAMPLE = Path(__file__).parent / "sample"
Language = Literal["en", "zh"]
Role = Literal["system", "user", "assistant"]
TASKS = {
    "instruct": "instruct_v2",
    "plan_str": "plan_str_v2",
    "plan_json": "plan_json_v2",
    "reason_str": "reason_str_v2",
    "retrieve_str": "retrieve_str_v2",
    "understand_str": "understand_str_v2",
    "rru": "reason_retrieve_understand_json_v2",
    "review_str": "review_str_v2",
}
"""Sub-task -> its file, without `_subset`, `_zh` and `.json`."""
_TOKENS = 512


def found(folder: Path, languages: Sequence[Language], *, subset: bool) -> dict[tuple[str, Language], Path]:
    """(sub-task, language) -> file, of those that are there. Raises Mistake where none is."""
    there = dict[tuple[str, Language], Path]()
    for language in languages:
        for task, name in TASKS.items():
            tail = "_zh" if language == "zh" else ""
            tails = (f"_subset{tail}", f"{tail}_subset") if subset else (tail,)
            for path in (folder / f"{name}{each}.json" for each in dict.fromkeys(tails)):
                if path.is_file():
                    there[task, language] = path
    if not there:
        mend = f"it should hold {TASKS['instruct']}.json and the others"
        raise Mistake("no file of T-Eval is here", where=str(folder), mend=mend)
    return there


def problems(task: str, language: Language, path: Path) -> list[Problem]:
    """The problems of one file, with the record's own key (or its number) in their ids."""
    return [
        _problem(where, row, task, language, where.rpartition("[")[2].rstrip("]")) for where, row in files.rows(path)
    ]


def texts(task: str, record: dict[str, Any]) -> list[str]:
    """What replies are compared with by their vectors."""
    if task in ("plan_str", "plan_json"):
        return [text for move in listed(record["ground_truth"]) for text in (move.name, move.args)]
    return [gold_of(record, in_words=True)["thought"]] if task in ("reason_str", "rru") else []


def _problem(where: str, row: dict[str, Any], task: str, language: Language, key: str) -> Problem:
    record: dict[str, Any] = {
        name: row[name] for name in ("ground_truth", "template", "meta_data", "meta") if name in row
    }
    try:
        messages = _messages(row["origin_prompt"])
        gold = _gold(task, record)
        texts(task, record)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        mend = f"a record of {TASKS[task]} has other keys or values"
        raise Mistake(f"this is no problem of T-Eval: {error!r}", where=where, mend=mend) from error
    return Problem(
        id=f"teval/{task}/{language}/{key}",
        messages=messages,
        gold=(Step(action=Answer(text=gold)),),
        reference=msgspec.json.encode(record).decode(),
        part=f"{task}/{language}",
        max_tokens=_TOKENS,
    )


def _messages(prompt: Sequence[dict[str, str]]) -> tuple[Message, ...]:
    """The turns of a prompt. `function` and a late `system` speak as the user (teval/utils/meta_template.py).

    Turns of one speaker are joined: most chat templates want speakers to take turns.
    """
    turns = list[tuple[Role, str]]()
    for number, each in enumerate(prompt):
        system = each["role"] == "system" and number == 0 and len(prompt) > 1
        role: Role = "assistant" if each["role"] == "assistant" else "system" if system else "user"
        if turns and turns[-1][0] == role:
            turns[-1] = role, f"{turns[-1][1]}\n{each['content']}"
        else:
            turns.append((role, each["content"]))
    if not turns or turns[-1][0] != "user":
        raise ValueError("its prompt does not end with a turn to answer")
    return tuple(Message(role=role, segments=(Segment(text=text),)) for role, text in turns)


def _gold(task: str, record: dict[str, Any]) -> str:
    """A reply with full marks."""
    if task == "instruct":
        return _call(record)
    if task == "review_str":
        return str(record["ground_truth"]["answer"])
    if task in ("plan_str", "plan_json"):
        moves = listed(record["ground_truth"])
        if task == "plan_json":
            return msgspec.json.encode([move._asdict() for move in moves]).decode()
        return "\n".join(f"{move.name} {move.args}".replace(". ", " ").replace("\n", " ") for move in moves)
    step = gold_of(record, in_words=task != "rru")
    if task == "rru":
        return msgspec.json.encode(step).decode()
    return str(step[{"reason_str": "thought", "retrieve_str": "name", "understand_str": "args"}[task]])


def _call(record: dict[str, Any]) -> str:
    """The call in the form that its template asks for."""
    template, call = record["template"], record["ground_truth"]
    said = {"thought": str(call.get("thought", "")), "action": call["action"], "args": call["args"]}
    if record["meta_data"]["response_format"] == "json":
        return msgspec.json.encode({template[name]: value for name, value in said.items()}).decode()
    return "".join(f"{template[f'{name}_start']}{value}{template[f'{name}_end']}" for name, value in said.items())
