"""MMLU: four-way questions from 57 subjects, 5-shot, as lm-evaluation-harness asks: the likeliest letter counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any, ClassVar

from agentflan.core.digest import digest_of
from agentflan.core.errors import Mistake, nearest
from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import files, summing
from agentflan.evals.harness import data, reach, tasks

_YAML = "mmlu/default/mmlu_{}.yaml"
_KEYS = ("question", "choices", "answer")
_SHOTS = 5
_LETTERS = "ABCD"


class Mmlu(Plug, frozen=True):
    """`accuracy` over all questions, each counted the same, and `accuracy/<subject>`.

    The model says nothing: its likelihoods of the four letters are compared. So it needs a folder, or a URL whose
    `/completions` tell the likelihood of a prompt (`echo` with `logprobs`).
    """

    version: ClassVar[str] = "1"

    path: Path | None = None
    """A copy of the hub's `cais/mmlu`, a folder for each subject; without it a sample of ours."""
    subjects: tuple[str, ...] = ()
    """Such as `astronomy`; none: all that are there."""

    def __post_init__(self) -> None:
        for name in self.subjects:
            if name not in _known():
                raise ValueError(f"there is no subject {name!r}; {nearest(name, _known())}")

    def problems(self) -> Sequence[Problem]:
        found: list[Problem] = []
        for subject, splits in self._files().items():
            rows = {name: data.split_rows(paths, _KEYS) for name, paths in splits.items()}
            task = tasks.task(_YAML.format(subject), rows)
            found += tasks.problems(task, "mmlu", _letter, part=subject, few_shots=_SHOTS)
        return found

    def reach(self, model: Any) -> Any:
        return reach.continuing(model)

    def score(self, problem: Problem, reply: Reply) -> Score:
        right = float(reply.text.strip() == _letter(tasks.asked(problem).doc))
        return Score(problem=problem.id, values={"accuracy": right, f"accuracy/{problem.part}": right})

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        counts = {name: len(values) for name, values in sorted(summing.columns(scores).items())}
        numbers = {f"n/{name.partition('/')[2]}": float(count) for name, count in counts.items() if "/" in name}
        return summing.flat(summing.shares(scores)) | numbers

    def notes(self) -> Mapping[str, str]:
        found = self._files()
        read = [path for splits in found.values() for paths in splits.values() for path in paths]
        told = {"data": _digest(read) if self.path else "sample", "harness": tasks.HARNESS, "few_shots": str(_SHOTS)}
        told["asked"] = "likelihoods"
        if len(found) < len(_known()):
            told["comparable"] = f"with nothing published: {len(found)} of {len(_known())} subjects"
        return told

    def _files(self) -> dict[str, dict[str, list[Path]]]:
        """Subject -> split -> files."""
        folder = self.path or data.sample("mmlu")
        there = self.subjects or tuple(name for name in _known() if (folder / name).is_dir())
        if not there:
            raise Mistake(
                "there is no subject of MMLU", where=str(folder), mend="give each a folder, such as astronomy"
            )
        return {
            subject: {name: data.split_files(folder / subject, name) for name in ("dev", "test")} for subject in there
        }


def _known() -> list[str]:
    """The subjects that the harness has a task for."""
    names = (entry.name for entry in package_files("lm_eval.tasks").joinpath("mmlu", "default").iterdir())
    return sorted(name[len("mmlu_") : -len(".yaml")] for name in names if name.startswith("mmlu_"))


def _letter(doc: Mapping[str, Any]) -> str:
    return _LETTERS[doc["answer"]]


def _digest(paths: Sequence[Path]) -> str:
    """Files of different subjects have the same names, so the folder counts."""
    folders = sorted({path.parent for path in paths})
    return digest_of([[each.name, files.digest_of_files(p for p in paths if p.parent == each)] for each in folders])
