"""Asks a language model for the replies that a recipe's corpora need, until no row waits for one that can be had.

build -> pending.jsonl -> ask -> replies.jsonl -> build ...: a chain of several Asks takes several rounds. A reply is on
disk before the next one is looked at, so a killed process pays twice for what was under way, and for nothing else.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from agentflan.core import kinds
from agentflan.core.errors import Mistake
from agentflan.core.journal import Journal
from agentflan.core.types import Problem, Reply, Request
from agentflan.corpus.building import replies
from agentflan.corpus.building.replies import Answered
from agentflan.corpus.building.stages import Waiting
from agentflan.corpus.settings import Corpus
from agentflan.models.chat.estimate import RULE, tokens_about
from agentflan.recipes.account import Account
from agentflan.recipes.recipe import Arm
from agentflan.recipes.run import HERE, How, Say, base_folder, build_all, run_folder


def can_ask(arms: Sequence[Arm]) -> bool:
    """Whether a recipe says whom to ask for what it needs; without that, replies come from the file alone."""
    return any(corpus.settings.replies == "asked" and corpus.asked for corpus, _ in _corpora(arms, Path()))


def ask_all(arms: Sequence[Arm], out: Path, how: How = HERE, *, say: Say) -> dict[str, Any]:
    """Leaves every corpus built with all replies that came. Raises Mistake for a server that cannot be asked."""
    model = _model(arms)
    account = Account(model, say)
    with Journal(out / replies.NAME, Answered, sync=True) as kept:
        _alone(kept)
        ledgers = build_all(arms, out, how, say=say)
        while wanted := {key: request for key, request, _ in _waiting(arms, out) if key not in account.given_up}:
            _ask(model, wanted, kept, account)
            ledgers = build_all(arms, out, how, say=say)
    stages = {arm.name or "run": _stages(arm.corpus, ledger) for arm, ledger in zip(arms, ledgers, strict=True)}
    return {**account.summary(), "stages": stages if len(arms) > 1 else stages[arms[0].name or "run"]}


def foretell(arms: Sequence[Arm], out: Path, how: How = HERE) -> dict[str, Any]:
    """The calls, tokens and money of `ask_all`, without a call and without a trace. Rows that wait before one Ask may
    need another afterwards; `then` counts them by the stages they have still before them."""
    model = _model(arms)
    with TemporaryDirectory() as folder:
        build_all(arms, Path(folder), how, paid=out / replies.NAME, say=lambda _: None)
        waiting = list(_waiting(arms, Path(folder)))
    wanted = {key: (request, stage) for key, request, stage in waiting}
    calls: dict[str, int] = {}
    for _, stage in wanted.values():
        calls[stage] = calls.get(stage, 0) + 1
    tokens_in = sum(tokens_about(request.messages) for request, _ in wanted.values())
    at_most = len(wanted) * int(getattr(model, "max_tokens", 0))
    later = {stage: _later(arms, stage) for stage in calls}
    return {
        "model": model.name,
        "calls": len(wanted),
        "calls_by_stage": calls,
        "then": {stage: names for stage, names in later.items() if names},
        "tokens_in": tokens_in,
        "tokens_out_at_most": at_most,
        "cost_at_most": model.cost(tokens_in, at_most),
        "rule": RULE,
    }


def _model(arms: Sequence[Arm]) -> Any:
    """The one whom the recipe asks: replies are shared by all arms, so it is the same for all of them."""
    models = [corpus.asked for corpus, _ in _corpora(arms, Path()) if corpus.settings.replies == "asked"]
    if not models:
        raise Mistake("nothing here is asked", where="corpus.replies", mend="say `replies: asked`")
    if None in models:
        raise Mistake("whom to ask is not said", where="corpus.ask", mend="add `ask: {url: ..., model: ...}`")
    if any(model != models[0] for model in models):
        raise Mistake("the arms ask different models", where="corpus.ask", mend="give each a run folder of its own")
    return models[0]


def _alone(kept: Journal[Answered]) -> None:
    """Two processes that ask the same would pay twice; the lock goes with the process."""
    try:
        fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Mistake("another process asks already", where=str(kept.path), mend="wait for it, or end it") from error


def _ask(model: Any, wanted: dict[str, Request], kept: Journal[Answered], account: Account) -> None:
    keys = list(wanted)
    account.begin(len(keys))

    def seen(index: int, reply: Reply) -> None:
        if reply.fault != "infrastructure":
            kept.append(
                Answered(
                    key=keys[index],
                    reply="" if reply.fault else reply.text,
                    fault=reply.fault,
                    model=model.name,
                    tokens_in=reply.tokens_in,
                    tokens_out=reply.tokens_out,
                )
            )
        account.count(keys[index], reply)

    model([Problem(id=key, messages=request.messages) for key, request in wanted.items()], seen, account.watch)
    account.end()


def _corpora(arms: Sequence[Arm], out: Path) -> Iterator[tuple[Corpus, Path]]:
    for arm in arms:
        if arm.base:
            yield arm.base, base_folder(arm, arms, out)
        yield arm.corpus, run_folder(arm, out)


def _waiting(arms: Sequence[Arm], out: Path) -> Iterator[tuple[str, Request, str]]:
    """(key, request, stage) of all that the corpora wait for."""
    decoder = msgspec.json.Decoder(Waiting)
    for corpus, folder in _corpora(arms, out):
        if corpus.settings.replies == "asked":
            for line in (folder / "corpus" / "pending.jsonl").read_bytes().splitlines():
                item = decoder.decode(line)
                for key, request in item.requests.items():
                    yield key, request, item.stage


def _later(arms: Sequence[Arm], stage: str) -> list[str]:
    """The Asks that stand behind a stage."""
    for corpus, _ in _corpora(arms, Path()):
        names = [name for name, transform in corpus.transforms if isinstance(transform, kinds.Ask)]
        if stage in names:
            return names[names.index(stage) + 1 :]
    return []


def _stages(corpus: Corpus, ledger: dict[str, Any]) -> dict[str, Any]:
    """What became of the rows of each Ask, from the ledger."""
    asks = {name for name, transform in corpus.transforms if isinstance(transform, kinds.Ask)}
    found = {}
    for stage in ledger["stages"]:
        if stage["name"] in asks:
            rejected = {**stage["dropped"], **stage["quarantined"]}
            asked, lost, pending = stage.get("asked", 0), sum(rejected.values()), stage["pending"]
            found[stage["name"]] = {
                "asked": asked,
                "done": asked - lost - pending,
                "unchanged": stage.get("unchanged", 0),
                "rejected": rejected,
                "rejection_rate": round(lost / (asked - pending), 4) if asked > pending else 0.0,
                "pending": pending,
            }
    return found
