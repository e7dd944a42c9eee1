"""An evaluation as a log that the viewer of inspect_ai opens: a zip of JSON, format version 2.

Written here and not by inspect_ai, which wants other versions of what this project stands on; `make bench-peers`
opens one with its reader. Members: `header.json` (what was measured, and the metrics), `samples/*.json` (one problem
each), `summaries.json` (the list of them). After `inspect_ai/log/_recorders/eval.py` and `log/_log.py`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from agentflan.core.digest import digest_of
from agentflan.core.types import Problem, Reply, Score

Graded = tuple[Problem, Reply, Score | None]
"""A reply and its score; None where the infrastructure failed."""

_STOPPED = {"length": "max_tokens", "context_overflow": "model_length", "content_filter": "content_filter"}
_COUNTED = ("id", "epoch", "input", "target", "metadata", "scores", "model_usage", "role_usage", "error")
"""What the list of samples shows of each."""


def inspect_log(scores: Mapping[str, Any], graded: Sequence[Graded], ended: datetime) -> bytes:
    """`scores` are those of scores.json; `ended` is when the last reply came, with its time zone."""
    samples = [_sample(scores, *each) for each in graded]
    summaries = [
        {key: sample[key] for key in _COUNTED if key in sample}
        | {"error": sample["error"]["message"] if "error" in sample else None, "completed": True, "message_count": 1}
        for sample in samples
    ]
    header = _header(scores, samples, ended.isoformat(timespec="seconds"))
    start = {key: header[key] for key in ("version", "eval", "plan")}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as whole:
        _put(whole, "_journal/start.json", start)
        for sample in samples:
            _put(whole, f"samples/{sample['id']}_epoch_1.json", sample)
        _put(whole, "_journal/summaries/1.json", summaries)
        _put(whole, "summaries.json", summaries)
        _put(whole, "header.json", header)
    return stream.getvalue()


def _header(scores: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], ended: str) -> dict[str, Any]:
    name, identity = scores["benchmark"], digest_of([scores["benchmark"], scores["identity"], scores["settings"]])
    metrics = {
        metric: {"name": metric, "value": value, "params": {}}
        for metric, value in scores["metrics"].items()
        if not metric.endswith(("_low", "_high"))
    }
    return {
        "version": 2,
        "status": "success",
        "eval": {
            **dict.fromkeys(("eval_id", "run_id", "task_id"), identity),
            "created": ended,
            "task": name,
            "task_version": scores["version"],
            "task_args": {**scores["settings"], **scores["notes"]},
            "dataset": {"name": name, "samples": len(samples), "sample_ids": [sample["id"] for sample in samples]},
            "model": scores["model"],
            "model_args": {**scores["decoding"], "identity": scores["identity"]},
            "config": {"epochs": 1},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": len(samples),
            "completed_samples": sum("error" not in sample for sample in samples),
            "scores": [{"name": name, "scorer": name, "params": {}, "metrics": metrics}],
        },
        "stats": {"started_at": ended, "completed_at": ended},
    }


def _sample(scores: Mapping[str, Any], problem: Problem, reply: Reply, score: Score | None) -> dict[str, Any]:
    told = [
        {"role": message.role, "content": "".join(segment.text for segment in message.segments)}
        for message in problem.messages
    ]
    said = {"role": "assistant", "content": reply.text, "source": "generate", "model": scores["model"]}
    used = {
        "input_tokens": reply.tokens_in,
        "output_tokens": reply.tokens_out,
        "total_tokens": reply.tokens_in + reply.tokens_out,
    }
    choice = {"message": said, "stop_reason": _STOPPED.get(reply.fault, "stop")}
    about = {"part": problem.part, "circumstance": problem.circumstance, "syntax": problem.syntax}
    sample = {
        "id": problem.id,
        "epoch": 1,
        "input": told,
        "target": problem.reference or msgspec.json.encode(problem.gold).decode(),
        "messages": told if score is None else [*told, said],
        "output": {"model": scores["model"], "choices": [choice], "completion": reply.text, "usage": used},
        "scores": {} if score is None else {scores["benchmark"]: {"value": score.values, "answer": reply.text}},
        "metadata": {key: value for key, value in about.items() if value}
        | ({"fault": reply.fault} if reply.fault else {})
        | ({"tools": [tool.name for tool in problem.tools]} if problem.tools else {}),
        "model_usage": {scores["model"]: used},
        "role_usage": {},
    }
    if score is None:
        message = f"{reply.fault}: {reply.detail}"
        sample["error"] = {"message": message, "traceback": message, "traceback_ansi": message}
    return sample


def _put(whole: zipfile.ZipFile, name: str, value: Any) -> None:
    """Of the same age always: the same evaluation is the same file."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    whole.writestr(member, msgspec.json.encode(value, enc_hook=str))
