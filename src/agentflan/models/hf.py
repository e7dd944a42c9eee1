"""A saved `transformers` model answering greedily: the tuned model as it lies on disk, by its own chat template.

Prompts of similar length share a batch, padded on the left with positions that start after the padding,
so a reply does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import torch
from jinja2 import TemplateError
from msgspec import Meta
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from agentflan.core.chat import NATIVE, definition, said, turns
from agentflan.core.digest import digest_of, sha256_of
from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply

_READ = ("*.safetensors", "*.bin", "*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt")
"""The files of a model folder that decide its replies."""


class Hf(Plug, frozen=True):
    path: Path
    """A folder that `AutoModelForCausalLM` and `AutoTokenizer` load, chat template inside; it may hold adapters."""
    max_new_tokens: Annotated[int, Meta(ge=1)] = 256
    """Of a reply, where the problem sets no limit of its own; one that is cut there has the fault `length`."""
    batch_size: Annotated[int, Meta(ge=1)] = 32
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto`: the GPU if there is one."""

    @property
    def name(self) -> str:
        """The last two folders; of the hub's cache, `ORGANISATION/MODEL`."""
        folder = self.path.resolve()
        if folder.parent.name == "snapshots":
            return folder.parents[1].name.removeprefix("models--").replace("--", "/")
        return f"{folder.parent.name}/{folder.name}"

    @property
    def identity(self) -> str:
        """A digest of weights and settings, not of their path; of the base's too, where the folder holds adapters."""
        base = _base(self.path)
        files = [*_files(self.path), *(_files(base) if base else [])]
        return digest_of([self.max_new_tokens, *([file.name, sha256_of(file)] for file in files)])

    @property
    def decoding(self) -> dict[str, Any]:
        return {"max_new_tokens": self.max_new_tokens, "greedy": True}

    @property
    def where(self) -> str:
        """The device as torch names it."""
        return self.device if self.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        stamps = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in _files(self.path))
        model, tokenizer = _loaded(self.path, stamps, self.where)
        try:
            prompts = _prompts(tokenizer, problems)
        except TemplateError as error:
            mend = "ask in a syntax that the model was tuned on"
            raise Mistake(f"the chat template refuses a problem: {error}", where=str(self.path), mend=mend) from error
        room = getattr(model.config, "max_position_embeddings", None) or 1 << 62
        order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), index))
        fits = [index for index in order if len(prompts[index]) < room]
        for index in order[len(fits) :]:
            seen(index, Reply(text="", fault="context_overflow"))
        for start in range(0, len(fits), self.batch_size):
            batch = fits[start : start + self.batch_size]
            limits = [
                min(problems[index].max_tokens or self.max_new_tokens, room - len(prompts[index])) for index in batch
            ]
            replies = _generate(model, tokenizer, [prompts[index] for index in batch], limits)
            for index, (ids, whole) in zip(batch, replies, strict=True):
                seen(
                    index, Reply(text=tokenizer.decode(ids, skip_special_tokens=True), fault="" if whole else "length")
                )


def _files(path: Path) -> list[Path]:
    if not any((path / name).is_file() for name in ("config.json", "adapter_config.json")):
        raise Mistake("this is no model: it holds no config.json", where=str(path), mend="name a saved model's folder")
    return sorted({file for pattern in _READ for file in path.glob(pattern)})


def _base(path: Path) -> Path | None:
    """The folder of the model that adapters go on top of, where it is one on this machine."""
    file = path / "adapter_config.json"
    if not file.is_file():
        return None
    named = Path(str(msgspec.json.decode(file.read_bytes()).get("base_model_name_or_path") or ""))
    return named if (named / "config.json").is_file() else None


@lru_cache(maxsize=1)
def _loaded(path: Path, stamps: tuple[tuple[str, int, int], ...], device: str) -> tuple[Any, Any]:
    """Model and tokenizer; the last one stays in memory while its files stay as they are, for several benchmarks."""
    logging.disable_progress_bar()
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
        model: Any = AutoModelForCausalLM.from_pretrained(path, local_files_only=True, dtype="auto")
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise Mistake(f"this model does not load: {reason}", where=str(path), mend="save it again") from error
    if not tokenizer.chat_template:
        raise Mistake("this tokenizer has no chat template", where=str(path), mend="save one with it")
    return model.to(device).eval(), tokenizer


def _prompts(tokenizer: Any, problems: Sequence[Problem]) -> list[list[int]]:
    """Tools go through the template where the prompt leaves them to it; elsewhere the system prompt lists them."""
    texts = [
        tokenizer.apply_chat_template(
            said(turns(problem.messages, problem.syntax)),
            tools=[definition(tool) for tool in problem.tools] if problem.syntax == NATIVE and problem.tools else None,
            add_generation_prompt=True,
            tokenize=False,
        )
        for problem in problems
    ]
    # not verbose, for it would warn of lengths, which are looked at above
    return list(tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]) if texts else []


def _ends(model: Any, tokenizer: Any) -> set[int]:
    """The ids on which a reply is over: those of the model's generation settings, and the tokenizer's end mark."""
    own = model.generation_config.eos_token_id
    ids = own if isinstance(own, list) else [own]
    return {end for end in [*ids, tokenizer.eos_token_id] if end is not None}


@torch.inference_mode()
def _generate(
    model: Any, tokenizer: Any, prompts: list[list[int]], limits: Sequence[int]
) -> list[tuple[list[int], bool]]:
    """Greedy ids after each prompt, up to its limit and without the end mark, and whether there was one.

    A row that is over leaves the batch.
    """
    ends, longest = _ends(model, tokenizer), max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in prompts], device=model.device)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    said: list[list[int]] = [[] for _ in prompts]
    whole = [False] * len(prompts)
    alive, past = list(range(len(prompts))), None
    while True:
        out = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=places,
            past_key_values=past,
            use_cache=True,
            logits_to_keep=1,
        )
        best = out.logits[:, -1].argmax(-1)
        going = []
        for place, token in enumerate(best.tolist()):
            row = alive[place]
            if token in ends:
                whole[row] = True
                continue
            said[row].append(token)
            if len(said[row]) < limits[row]:
                going.append(place)
        if not going:
            return list(zip(said, whole, strict=True))
        past, ids, places = out.past_key_values, best[:, None], places[:, -1:] + 1
        if len(going) < len(alive):
            rows = torch.tensor(going, device=model.device)
            past.batch_select_indices(rows)
            ids, places, mask, alive = ids[rows], places[rows], mask[rows], [alive[place] for place in going]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
