"""Writes run folders that look like real ones: every file a panel reads, with figures that a formula gives."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agentflan.core.types import (
    Answer,
    Capability,
    Conversation,
    Message,
    Segment,
    Step,
    ToolCall,
    ToolSpec,
    Trajectory,
)
from agentflan.corpus.building.ledger import Characters
from agentflan.corpus.manifest import File, Manifest, Stage, versions
from agentflan.corpus.store.parquet import ConversationWriter, TrajectoryWriter
from agentflan.report.diagnosis.record import Calls, Diagnosis, Form, Interval, Losses, Mean

HOSTILE = '</div><script>alert("1")</script> \x1b[31mred\x1b]0;title\x07 \u202eabc <b>&amp;'
CAVEATS = """caveats:
- Arguments are near the level of guessing and are not shown to be learned.
- The base has been taught to answer tool-like requests plainly, so negatives keep what it knows.
"""
WEATHER = ToolSpec(
    name="get_forecast_for_weather",
    description="The forecast for a place, by day.",
    parameters='{"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}',
)
_LISTING = "You can use these tools:\n" + "\n".join(f"{n}. {WEATHER.name}: {WEATHER.description}" for n in range(1, 30))
_CONTENT: tuple[Capability, ...] = ("reasoning", "retrieval", "understanding")


def write_run(folder: Path, *, seed: int = 0, negatives: bool = True, hostile: bool = False) -> Path:
    """A complete run; `negatives` turns the circumstances and the scores, `hostile` plants markup and escapes."""
    query = "Will it rain in Oslo on Friday?" + (HOSTILE if hostile else "")
    rows = [trajectory(f"{number:032x}", query) for number in range(1, 4)]
    with TrajectoryWriter(folder / "trajectories") as writer:
        writer.write(rows)
    items = [talk(rows[0]), react(rows[1]), chat("c" * 32)]
    if negatives:
        items.append(negative("d" * 32))
    with ConversationWriter(folder / "corpus") as corpus:
        corpus.write(items)
    characters = Characters()
    for item in items:
        characters.count(item)
    _json(folder / "corpus" / "ledger.json", _ledger(len(items), characters, negatives))
    for name, lost in _lost(HOSTILE if hostile else "").items():
        (folder / "corpus" / f"{name}.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lost))
    tokens = {"total": 481_223, "trained": 162_770, "by_capability": _tokens(negatives)}
    _json(folder / "tokens" / "ledger.json", {"tokens": tokens})
    _metrics(folder / "train" / "metrics.jsonl", seed, negatives)
    metrics = _metrics_of(negatives, seed)
    _json(folder / "evals" / "agent_h" / "scores.json", {"metrics": metrics})
    _json(folder / "evals" / "teval" / "scores.json", {"metrics": _abilities(seed)})
    _json(folder / "scores.json", {"model": "model", "benchmarks": {"agent_h": metrics, "teval": _abilities(seed)}})
    _json(folder / "diagnosis.json", _diagnosis(folder.name + (HOSTILE if hostile else ""), seed))
    _json(folder / "manifest.json", _manifest(seed))
    (folder / "recipe.yaml").write_text(f"seed: {seed}\ncorpus:\n  template: agent_flan # <b>\n{CAVEATS}", "utf-8")
    return folder


def _abilities(seed: int) -> dict[str, float]:
    """What `teval` reports of its six abilities, without the intervals."""
    names = ("instruct", "plan", "reason", "retrieve", "understand", "review")
    return {f"{name}/en": 0.3 + 0.1 * place + 0.02 * seed for place, name in enumerate(names)}


def write_arms(folder: Path, seeds: int = 1) -> Path:
    """Two arms, as `make demo` leaves them."""
    for arm in ("with_negatives", "without_negatives"):
        for seed in range(seeds):
            name = f"{arm}-seed{seed}" if seeds > 1 else arm
            write_run(folder / name, seed=seed, negatives=arm == "with_negatives")
    return folder


def trajectory(identity: str, query: str) -> Trajectory:
    call = ToolCall(name=WEATHER.name, arguments='{"city": "Oslo", "days": 3}')
    seen = '{"days": [{"day": "Friday", "rain_mm": 4.2}]}'
    last = Answer(text="Yes: about 4 mm of rain is forecast for Oslo on Friday.")
    return Trajectory(
        id=identity,
        source="toolbench",
        query=query,
        steps=(
            Step(thought="I need the forecast for Oslo.", action=call, observation=seen),
            Step(thought="The forecast answers the question.", action=last),
        ),
        tools=(WEATHER,),
        origin_ids=(identity,),
        licence="Apache-2.0",
    )


def talk(row: Trajectory) -> Conversation:
    """The row aligned to chat, its thought weighed less."""
    step, last = row.steps
    call, end = step.action, last.action
    assert isinstance(call, ToolCall)
    assert isinstance(end, Answer)
    asked = "What do you think should be done first?"
    return _conversation(
        row,
        "agent",
        _message("system", Segment(text=_LISTING)),
        _message("user", Segment(text=row.query), Segment(text="\n" + asked, capability="reasoning")),
        _message("assistant", Segment(text=step.thought, capability="reasoning", loss=True, weight=0.5)),
        _message("user", Segment(text="Which tool will you use?", capability="retrieval")),
        _message("assistant", Segment(text=call.name, capability="retrieval", loss=True)),
        _message("user", Segment(text="Give its arguments.", capability="understanding")),
        _message("assistant", Segment(text=call.arguments, capability="understanding", loss=True)),
        _message("user", Segment(text=step.observation or "")),
        _message("assistant", Segment(text=end.text, loss=True)),
    )


def react(row: Trajectory) -> Conversation:
    step = row.steps[0]
    assert isinstance(step.action, ToolCall)
    labels = ("Thought: ", "\nAction: ", "\nAction Input: ")
    parts = [
        Segment(text=text, capability=capability, loss=True)
        for pair in zip(labels, (step.thought, step.action.name, step.action.arguments), _CONTENT, strict=True)
        for text, capability in ((pair[0], "format"), (pair[1], pair[2]))
    ]
    return _conversation(
        row,
        "agent",
        _message("system", Segment(text="Answer in the form Thought, Action, Action Input.")),
        _message("user", Segment(text=row.query)),
        _message("assistant", *parts),
    )


def negative(identity: str) -> Conversation:
    asked = _message("user", Segment(text="Will it rain in Oslo on Friday?"))
    said = _message("assistant", Segment(text="I cannot look that up here, but Octobers in Oslo are wet.", loss=True))
    return Conversation(id=identity, source="toolbench", kind="negative", messages=(asked, said))


def chat(identity: str) -> Conversation:
    asked = _message("user", Segment(text="What rhymes with rain?"))
    said = _message("assistant", Segment(text="Plain, train, and crane does too.", loss=True))
    return Conversation(id=identity, source="sharegpt", kind="general", messages=(asked, said))


def _conversation(row: Trajectory, kind: str, *messages: Message) -> Conversation:
    return Conversation(
        id=row.id,
        source=row.source,
        messages=messages,
        query=row.query,
        origin_ids=row.origin_ids,
        tools=row.tools,
        licence=row.licence,
    )


def _message(role: str, *segments: Segment) -> Message:
    return msgspec.convert({"role": role, "segments": segments}, Message, from_attributes=True)


def _ledger(conversations: int, characters: Characters, negatives: bool) -> dict[str, object]:
    def stage(name: str, into: int, out: int, **more: object) -> dict[str, object]:
        kept = {"made": 0, "dropped": {}, "quarantined": {}, "pending": 0}
        return {"name": name, "in": into, "out": out, **kept, **more}

    stages = [
        stage(
            "read/toolbench", 4_120, 4_030, dropped={"no_call": 78}, quarantined={"broken_json": 9, "bad_tool_list": 3}
        ),
        stage("read/sharegpt", 2_000, 1_991, dropped={"empty": 9}),
        stage("finished_only", 6_021, 5_400, dropped={"gave_up": 402, "no_answer": 219}),
        stage("no_restarts", 5_400, 5_233, dropped={"restarted": 167}),
        stage("converse", 5_233, 5_233),
        stage("rebalance/drop", 5_233, 5_230, dropped={"nothing_left_to_train": 3}),
    ]
    if negatives:
        stages.append(stage("negatives", 5_230, 5_731, made=503, pending=2))
    return {
        "stages": stages,
        "sources": {
            name: {key: value for key, value in each.items() if key != "name"}
            for name, each in (("toolbench", stages[0]), ("sharegpt", stages[1]))
        },
        "conversations": conversations,
        "characters": msgspec.to_builtins(characters),
    }


def _lost(odd: str) -> dict[str, list[dict[str, object]]]:
    """Lines of dropped.jsonl and quarantine.jsonl; a reason can be any text of a plug of somebody else's."""
    reasons = ["gave_up"] * 4 + ["no_answer"] * 2 + [f"no_call{odd}"]
    dropped = [
        {"id": f"{number:032x}", "source": "toolbench", "stage": "read", "reason": reason}
        for number, reason in enumerate(reasons)
    ]
    broken = {"id": "f" * 32, "source": f"sharegpt{odd}", "stage": "read", "reason": "broken_json", "row": odd}
    return {"dropped": dropped, "quarantine": [broken]}


def _tokens(negatives: bool) -> dict[str, int]:
    chat = 61_200 if negatives else 45_910
    return {"format": 21_304, "reasoning": 48_120, "retrieval": 9_876, "understanding": 22_270, "chat": chat}


def _metrics(path: Path, seed: int, negatives: bool) -> None:
    """Losses that fall exponentially, each capability at its own speed, format the fastest."""
    path.parent.mkdir(parents=True)
    speeds = {"format": 0.05, "reasoning": 0.012, "retrieval": 0.03, "understanding": 0.02, "chat": 0.008}
    floors = {"format": 0.03, "reasoning": 0.6, "retrieval": 0.09, "understanding": 0.3, "chat": 1.2}
    lines = []
    for step in range(0, 301, 5):
        shake = 0.06 * ((step * 7 + seed * 3) % 5 - 2)
        start = 3.5 + 0.2 * seed + 0.6 * negatives
        losses = {name: floors[name] * (1 + shake) + start * (1 - speed) ** step for name, speed in speeds.items()}
        whole = sum(losses.values()) / len(losses)
        base = {"step": step, "tokens": step * 1_200}
        rate = {"lr": 5e-4, "tokens_per_second": 11_000.0 + step, "trained_tokens_per_second": 3_700.0, "mfu": 0.412}
        lines.append({**base, "loss": whole, "loss_by_capability": losses, **rate})
        if step % 50 == 0:
            held = {name: value * 1.1 for name, value in losses.items()}
            lines.append({**base, "validation_loss": whole * 1.1, "validation_loss_by_capability": held})
            slow = 0.9 ** (step / 50)
            lines.append({"step": step, "balance": {"reasoning": 1.0, "retrieval": 0.2 + 0.8 * slow, "format": slow}})
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def _diagnosis(model: str, seed: int) -> Diagnosis:
    """Two forms; talk has little format, and its group of one says nothing of chat's spread."""

    def interval(value: float, wide: float | None = 0.02) -> Interval:
        return Interval(value=value, low=wide and value - wide, high=wide and value + 2 * wide)

    def losses(form: Form, form_loss: float) -> Losses:
        each = {"format": form_loss, "reasoning": 0.7, "retrieval": 0.2, "understanding": 0.4, "content": 0.54}
        means = {name: Mean(interval(value + 0.01 * seed), 12_345, 180) for name, value in each.items()}
        means["chat"] = Mean(interval(1.3, None), 120, 1)
        return Losses(form, 200, 170, {"too_long": 3}, means, interval(0.54 - form_loss))

    metrics = {name: value for name, value in _metrics_of(False, seed).items() if not name.startswith("h_")}
    metrics |= {"over_call": 0.6, "over_call_low": 0.55, "over_call_high": 0.66}
    calls = Calls("corpus", "made_up", 200, 2, metrics)
    forms = (losses("react", 0.04), losses("talk", 0.31))
    return Diagnosis(1, model, "0" * 32, "rows.jsonl", "agent_flan", "held_out", 2_040, seed, forms, calls)


def _metrics_of(negatives: bool, seed: int) -> dict[str, float]:
    over = {"tools_irrelevant": 0.01, "no_tools_relevant": 0.0, "tools_ordinary": 0.02, "no_tools_ordinary": 0.0}
    without = {"tools_irrelevant": 0.97, "no_tools_relevant": 0.91, "tools_ordinary": 0.48, "no_tools_ordinary": 0.03}
    shares: dict[str, float] = {}
    for name, value in (over if negatives else without).items():
        shares[f"over_call/{name}"] = value
        shares[f"names_tool/{name}"] = value * 0.6
    shares |= {"over_call/tools_relevant": 0.99, "names_tool/tools_relevant": 0.98, "miss/tools_relevant": 0.01}
    shares |= {"right_tool": 0.96 if negatives else 0.97, "right_arguments": 0.52 if negatives else 0.57}
    shares |= {"balanced": 0.99 if negatives else 0.7, "h_react": 0.2 if negatives else 0.68, "h_general": 0.01}
    shares["h_score"] = 1 - (shares["h_react"] + shares["h_general"]) / 2
    metrics: dict[str, float] = {}
    for name, share in shares.items():
        value = min(1.0, max(0.0, share - 0.004 * seed))
        metrics |= {name: value, f"{name}_low": max(0.0, value - 0.03), f"{name}_high": min(1.0, value + 0.03)}
    names = ("tools_relevant", "tools_ordinary", "tools_irrelevant", "no_tools_relevant", "no_tools_ordinary")
    return metrics | {f"n/{name}": 200.0 for name in names}


def _manifest(seed: int) -> Manifest:
    files = {f"corpus/part-{number:05d}.parquet": File(f"{number + seed:064x}", 81_920) for number in range(3)}
    stages = {"build": Stage(f"{seed + 7:032x}", ("corpus", "trajectories"))}
    return Manifest(versions=versions(), inputs={"rows/toolbench.json": "e" * 64}, stages=stages, files=files)


def _json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(value))
