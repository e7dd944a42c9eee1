"""What would stop a recipe's tuning later, found before any work is done: folders, vocabularies, packages, devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from agentflan.core.errors import Mistake, Mistakes
from agentflan.corpus.settings import Corpus
from agentflan.corpus.tokens.tokenizer import fitted, load_tokenizer
from agentflan.recipes.recipe import Arm, placed
from agentflan.recipes.run import side_by_side
from agentflan.train.settings import TrainSettings

FOLDER = "a model folder holds config.json, *.safetensors and the tokenizer's files"


def require_models(arms: Sequence[Arm], *, absent: bool = False) -> None:
    """Raises Mistakes for model folders that are none, and those whose vocabulary lacks the template's end mark.

    With `absent`, folders that are not there are let pass.
    """
    _raise(one for arm in arms for one in _models(arm, absent))


def require_ready(arms: Sequence[Arm], *, foreseen: bool = False) -> None:
    """As `require_models`, and for adapters that fit no layer; `foreseen` leaves it at that, and absent folders pass.

    Otherwise this machine has to have what tuning takes: packages, devices.
    """
    require_models(arms, absent=foreseen)
    if not foreseen:
        _raise(placed(one, arm.places, "") for arm in arms if arm.recipe.train for one in _packages(arm.recipe.train))
    asked = [arm for arm in arms if arm.recipe.train is not None and _needs_torch(arm.recipe.train, foreseen)]
    found = side_by_side("agentflan.recipes.arm:wrong_with", [(arm, foreseen) for arm in asked])
    _raise(placed(one, arm.places, "") for arm, several in zip(asked, found, strict=True) for one in several)


def _raise(mistakes: Iterator[Mistake]) -> None:
    if found := {str(one): one for one in mistakes}:  # arms share most of their settings
        raise Mistakes(found.values())


def _models(arm: Arm, absent: bool) -> Iterator[Mistake]:
    blocks = [(arm.recipe.train, arm.corpus)]
    if arm.recipe.pretrain is not None and arm.base is not None:
        blocks.append((arm.recipe.pretrain.train, arm.base))
    for train, corpus in blocks:
        path = train.model.path if train is not None else None
        if path is None or (absent and not path.exists()):
            continue
        if not (path / "config.json").is_file():
            yield Mistake("this is no model folder", where=str(path), mend=FOLDER)
            continue
        try:
            _fit(path, corpus)
        except Mistake as mistake:
            yield (
                mistake
                if mistake.where
                else placed(Mistake(mistake.what, where="corpus.template", mend=mistake.mend), arm.places, "")
            )


def _fit(path: Path, corpus: Corpus) -> None:
    fitted(load_tokenizer(path), corpus.template, add_marks=corpus.settings.add_marks)


def _packages(train: TrainSettings) -> Iterator[Mistake]:
    if train.lora is None:
        return
    if find_spec("peft") is None:
        yield Mistake("adapters need 'peft'", where="train.lora", mend="pip install 'agentflan[train]'")
    if train.lora.bits is not None and find_spec("bitsandbytes") is None:
        what = f"weights of {train.lora.bits} bits need 'bitsandbytes'"
        yield Mistake(what, where="train.lora.bits", mend="pip install 'agentflan[qlora]', or leave out `bits`")


def _needs_torch(train: TrainSettings, foreseen: bool) -> bool:
    """Whether there is anything to ask that only torch can answer, which takes seconds to load."""
    if train.lora is not None and train.model.path is not None and train.model.path.exists():
        return True
    demanding = train.attention in ("flex", "varlen") or train.device == "cuda" or train.backend != "loop"
    return not foreseen and demanding
