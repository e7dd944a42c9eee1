"""Problems from the harness's own task files: its prompt, its few-shots, its stop strings, over data at hand."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from datasets import Dataset
from lm_eval.api.task import ConfigurableTask
from lm_eval.defaults import DEFAULT_OTHER_SEED
from lm_eval.tasks._yaml_loader import load_yaml
from lm_eval.utils import env

from agentflan.core.types import Answer, Message, Problem, Record, Segment, Step

Splits = Mapping[str, Sequence[dict[str, Any]]]
HARNESS = f"lm_eval {version('lm_eval')}"
_REPLY = 256
"""Tokens of a reply where a task sets no limit: the default of the harness's models."""


class Asked(Record, frozen=True):
    """What a problem of the harness is graded and asked by, beside its prompt: its `reference`, as JSON."""

    doc: dict[str, Any]
    choices: tuple[str, ...] = ()
    """Continuations of the prompt; the likeliest of them is the reply. None: whatever the model goes on with."""
    until: tuple[str, ...] = ()
    """A reply ends before the first of these."""


class Task(ConfigurableTask):  # type: ignore[misc]  # the harness is not typed
    """A task of the harness whose data are given instead of downloaded."""

    def __init__(self, config: dict[str, Any], splits: Splits) -> None:
        self.splits = splits
        super().__init__(config=config)
        self.set_fewshot_seed(DEFAULT_OTHER_SEED)  # as the harness's command does

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **_: Any) -> None:
        self.dataset = {name: Dataset.from_list(list(rows)) for name, rows in self.splits.items()}


def task(yaml: str, splits: Splits, **changes: Any) -> Task:
    """The task of a YAML file below `lm_eval/tasks`, with some of its keys changed; no code beside it is imported."""
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    config = load_yaml(Path(str(files("lm_eval.tasks"))) / yaml, resolve_func=False)
    config["doc_to_text"] = _compiled(config["doc_to_text"])
    return Task(config | changes, splits)


def _compiled(template: str) -> Callable[[dict[str, Any]], str]:
    """The harness compiles a template anew for every record and few-shot, which takes minutes for all of MMLU."""
    compiled = env.from_string(template)
    return lambda doc: str(compiled.render(doc))


def problems(
    task: Task, name: str, gold: Callable[[dict[str, Any]], str], *, part: str = "", few_shots: int
) -> list[Problem]:
    """A problem for each record of the test split, in order; few-shots are drawn as the harness draws them.

    The prompt is one message of the user, which stands for the text to go on from. `gold` is a reply with full marks.
    """
    place = f"{name}/{part}" if part else name
    return [
        _problem(task, f"{place}/{number}", doc, task.fewshot_context(doc, few_shots), gold(doc), part)
        for number, doc in task.doc_iterator()
    ]


def asked(problem: Problem) -> Asked:
    return msgspec.json.decode(problem.reference, type=Asked)


def prompt(problem: Problem) -> str:
    return "".join(segment.text for message in problem.messages for segment in message.segments)


def cut(text: str, until: Sequence[str]) -> str:
    """The text before the first of the stop strings."""
    return text[: min((place for stop in until if (place := text.find(stop)) >= 0), default=None)]


def _problem(task: Task, id: str, doc: dict[str, Any], text: str, gold: str, part: str) -> Problem:
    requests = task.construct_requests(doc, text, metadata=(task.task_name, 0, 1))
    if isinstance(requests, list):
        given = Asked(doc=doc, choices=tuple(request.args[1] for request in requests))
        limit = 0
    else:
        settings = requests.args[1]
        given = Asked(doc=doc, until=tuple(settings["until"]))
        limit = settings.get("max_gen_toks", _REPLY)
    return Problem(
        id=id,
        messages=(Message(role="user", segments=(Segment(text=text),)),),
        gold=(Step(action=Answer(text=gold)),),
        reference=msgspec.json.encode(given).decode(),
        part=part,
        max_tokens=limit,
    )
