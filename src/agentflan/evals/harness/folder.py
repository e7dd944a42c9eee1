"""A saved model asked through the harness's own `HFLM`: no chat template, its truncation, its stop strings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply
from agentflan.evals.harness import tasks
from agentflan.models.hf import Hf

_AT_ONCE = 4
"""Batches between two times that replies are handed on: what a kill can cost, against batches of like length."""


class Folder:
    def __init__(self, model: Hf) -> None:
        self.name, self.identity = model.name, model.identity
        self._model = model

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        """A prompt that is too long loses its beginning, as the harness does it, and the reply is marked so."""
        lm = _loaded(self._model)
        size = self._model.batch_size * _AT_ONCE
        for start in range(0, len(problems), size):
            some = problems[start : start + size]
            for index, text in enumerate(_answers(lm, some)):
                fault = "" if _fits(lm, some[index]) else "context_overflow"
                seen(start + index, Reply(text=text, fault=fault))


def _answers(lm: Any, problems: Sequence[Problem]) -> list[str]:
    """All of a benchmark's problems are of one kind: choices to compare, or replies to write."""
    if tasks.asked(problems[0]).choices:
        return _chosen(lm, problems)
    requests = []
    for problem in problems:
        settings = {"until": list(tasks.asked(problem).until), "do_sample": False, "max_gen_toks": problem.max_tokens}
        requests.append(Instance("generate_until", {}, (tasks.prompt(problem), settings), 0))
    said: list[str] = lm.generate_until(requests, disable_tqdm=True)
    return said


def _chosen(lm: Any, problems: Sequence[Problem]) -> list[str]:
    """The likeliest choice of each; of equal ones the first."""
    asked = [(tasks.prompt(problem), choice) for problem in problems for choice in tasks.asked(problem).choices]
    told = lm.loglikelihood([Instance("loglikelihood", {}, pair, 0) for pair in asked], disable_tqdm=True)
    likelihoods = iter([value for value, _ in told])
    found = []
    for problem in problems:
        values = {choice: next(likelihoods) for choice in tasks.asked(problem).choices}
        found.append(max(values, key=lambda choice: values[choice]).strip())
    return found


def _fits(lm: Any, problem: Problem) -> bool:
    reply = problem.max_tokens or max(len(lm.tok_encode(choice)) for choice in tasks.asked(problem).choices)
    return bool(len(lm.tok_encode(tasks.prompt(problem))) + reply <= lm.max_length)


def _loaded(model: Hf) -> Any:
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    disable_progress_bar()
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(model.path, local_files_only=True)
        weights: Any = AutoModelForCausalLM.from_pretrained(model.path, local_files_only=True, dtype="auto")
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise Mistake(f"this model does not load: {reason}", where=str(model.path), mend="save it again") from error
    return HFLM(pretrained=weights.to(model.where), tokenizer=tokenizer, batch_size=model.batch_size)
