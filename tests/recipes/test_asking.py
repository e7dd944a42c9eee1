"""`agentflan ask` against the faulty server: every row ends done, rejected or pending; no reply is paid for twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agentflan.core import journal
from agentflan.corpus.building.replies import Answered
from agentflan.recipes.asking import ask_all, foretell
from agentflan.recipes.demo import rows
from agentflan.recipes.recipe import load
from agentflan.recipes.run import build_all
from tests.models.serving import Server, serving

NEGATIVES = "finished_only, {use: converse, listing: signature}, {use: negatives, count: 40, ordinary_count: 4}"
EVERYTHING = (
    "finished_only, judge, fill_thoughts, {use: converse, listing: signature}, {use: paraphrase, share: 1}, "
    "{use: negatives, count: 30}"
)
Result = dict[str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, items in {"toolbench": rows.searches(0, 50), "chat": rows.chats(0, 10)}.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in items))
    return folder


def recipe(data: Path, folder: Path, url: str, transforms: str = NEGATIVES, **ask: Any) -> Path:
    path = folder / "recipe.yaml"
    settings = {"url": url, "model": "fake", "timeout": 0.5, "concurrency": 8, **ask}
    path.write_text(
        "corpus:\n  sources:\n"
        f"    - {{use: toolbench, path: {data}/toolbench.jsonl}}\n    - {{use: sharegpt, path: {data}/chat.jsonl}}\n"
        f"  transforms: [{transforms}]\n  replies: asked\n  ask: {json.dumps(settings)}\n"
    )
    return path


def agentflan(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agentflan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def ask(path: Path, out: Path) -> Result:
    return ask_all(load(path), out, say=lambda _: None)


def corpus(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "corpus").iterdir())}


def test_among_all_faults_every_row_ends_done_rejected_or_pending(data: Path, tmp_path: Path) -> None:
    passing = dict.fromkeys(("500", "503", "429", "hang", "drip", "reset", "cut", "schema"), 0.03)
    lasting = {"content_filter": 0.08, "length": 0.05, "calls": 0.1, "agent_form": 0.1}
    with serving(tmp_path, faults={**passing, **lasting}, rate=60, burst=20) as server:
        result = ask(recipe(data, tmp_path, server.url, EVERYTHING, retries=1), tmp_path / "out")
    stages = result["stages"]
    assert list(stages) == ["judge", "fill_thoughts", "paraphrase", "negatives/reply"]
    for stage in stages.values():
        assert stage["asked"] == stage["done"] + sum(stage["rejected"].values()) + stage["pending"] > 0
    assert stages["judge"]["rejected"].keys() >= {"judged_bad", "no_verdict", "content_filter", "length"}
    assert stages["negatives/reply"]["rejected"].keys() >= {"calls_a_tool", "agent_form"}
    assert stages["fill_thoughts"]["unchanged"] < stages["fill_thoughts"]["done"]
    ledger = json.loads((tmp_path / "out" / "corpus" / "ledger.json").read_text())
    for stage in ledger["stages"]:
        left = stage["out"] + sum(stage["dropped"].values()) + sum(stage["quarantined"].values()) + stage["pending"]
        assert stage["in"] + stage["made"] == left
    pending = sum(stage["pending"] for stage in ledger["stages"])
    assert pending == len((tmp_path / "out" / "corpus" / "pending.jsonl").read_bytes().splitlines())
    assert (pending > 0) == bool(result["given_up"])
    charged = [call for call in server.calls() if call.outcome in ("ok", "calls", "agent_form")]
    assert max(server.paid().values()) == 1
    assert result["tokens_in"] >= sum(call.tokens_in for call in charged)


def test_a_rejected_negative_shows_in_the_ledger_and_in_the_rate(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, faults={"calls": 0.3, "agent_form": 0.2}) as server:
        result = ask(recipe(data, tmp_path, server.url), tmp_path / "out")
    stage = result["stages"]["negatives/reply"]
    outcomes = server.outcomes()
    assert stage["rejected"] == {"agent_form": outcomes["agent_form"], "calls_a_tool": outcomes["calls"]}
    assert stage["rejection_rate"] == pytest.approx(1 - outcomes["ok"] / stage["asked"], abs=1e-4)
    assert stage["asked"] == 40
    dropped = (tmp_path / "out" / "corpus" / "dropped.jsonl").read_text()
    assert dropped.count('"calls_a_tool"') == outcomes["calls"]


def test_what_is_foretold_is_what_is_paid(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        path = recipe(data, tmp_path, server.url, price_in=2.0, price_out=1.0)
        plan = json.loads(agentflan("ask", path, "-o", tmp_path / "out", "--dry-run", "--json").stdout)
        assert not (tmp_path / "out").exists()
        assert server.calls() == []
        result = ask(path, tmp_path / "out")
        again = foretell(load(path), tmp_path / "out")
    assert plan["calls"] == result["replies"] == server.outcomes()["ok"] == 40
    assert plan["tokens_in"] == result["tokens_in"] == sum(call.tokens_in for call in server.calls())
    assert result["tokens_out"] <= plan["tokens_out_at_most"]
    assert result["cost"] == pytest.approx((2 * result["tokens_in"] + result["tokens_out"]) / 1e6)
    assert result["cost"] <= plan["cost_at_most"]
    assert again["calls"] == 0


def test_killed_again_and_again_it_pays_twice_at_most_for_what_was_under_way(data: Path, tmp_path: Path) -> None:
    kills = (0, 10, 25)
    with serving(tmp_path, latency=0.1) as server:
        path = recipe(data, tmp_path, server.url)
        out = tmp_path / "cut"
        for replies in kills:
            before = _twice(server)
            _killed(path, out, server, replies)
            with (out / "replies.jsonl").open("ab") as stream:
                stream.write(b'{"key":"torn')  # what a kill in mid-line leaves
            assert _twice(server) - before <= 8
        result = ask(path, out)
        assert _twice(server) <= 8 * len(kills)
        assert len(server.paid()) == 40
        assert result["stages"]["negatives/reply"]["done"] == 40
        kept = list(journal.read(out / "replies.jsonl", Answered))
        assert len({line.key for line in kept}) == len(kept) == 40
        ask(path, tmp_path / "whole")
    assert corpus(out) == corpus(tmp_path / "whole")


def _twice(server: Server) -> int:
    return server.paid().total() - len(server.paid())


def _killed(path: Path, out: Path, server: Server, replies: int) -> None:
    """Starts asking and kills it once so many replies are on disk, and more have been charged."""
    command = [sys.executable, "-m", "agentflan", "ask", str(path), "-o", str(out)]
    began = len(server.calls())
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            lines = (out / "replies.jsonl").read_bytes().count(b"\n") if (out / "replies.jsonl").exists() else 0
            if lines >= replies and len(server.calls()) > began:
                break
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)


def test_a_key_that_is_refused_ends_it_with_one_sentence_and_the_next_call_goes_on(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, script=["ok"] * 20 + ["401"]) as server:
        path, out = recipe(data, tmp_path, server.url), tmp_path / "out"
        done = agentflan("ask", path, "-o", out)
        assert (done.returncode, done.stderr.splitlines()[-1].count("refuses the key (401)")) == (2, 1)
        kept = len(list(journal.read(out / "replies.jsonl", Answered)))
        assert 20 - 8 <= kept < 40
        assert ask(path, out)["replies"] == 40 - kept


def test_what_is_given_up_is_pending_and_strict_says_so(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, faults={"500": 0.5}, latency=0) as server:
        path, out = recipe(data, tmp_path, server.url, retries=0), tmp_path / "out"
        done = agentflan("ask", path, "-o", out, "--json", "--strict")
        result = json.loads(done.stdout)
        assert (done.returncode, set(result["given_up"])) == (3, {"http_500"})
        assert result["stages"]["negatives/reply"]["pending"] == result["given_up"]["http_500"]
        assert (
            agentflan("build", path, "-o", out, "--offline").stderr.splitlines()[-1].count("rows wait for replies") == 1
        )


def test_two_that_ask_the_same_do_not_pay_twice(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, latency=0.3) as server:
        path, out = recipe(data, tmp_path, server.url, concurrency=1), tmp_path / "out"
        command = [sys.executable, "-m", "agentflan", "ask", str(path), "-o", str(out)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as first:
            while not server.calls():
                time.sleep(0.01)
            second = agentflan("ask", path, "-o", out)
            first.kill()
    assert (second.returncode, "another process asks already" in second.stderr) == (2, True)


def test_arms_share_what_was_paid_for_and_run_asks_by_itself(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, latency=0) as server:
        path, out = recipe(data, tmp_path, server.url), tmp_path / "out"
        path.write_text(path.read_text() + "arms: {one: {}, other: {corpus: {max_length: 4096}}}\n")
        done = agentflan("run", path, "-o", out, "--json")
        assert done.returncode == 0, done.stderr
        said: list[str] = []
        build_all(load(path), out, say=said.append)
        assert said == [f"{out / arm}: corpus is there already" for arm in ("one", "other")]
    assert server.outcomes() == {"ok": 40}
    for arm in ("one", "other"):
        assert json.loads((out / arm / "corpus" / "ledger.json").read_text())["shares"]["negative"] == 44


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("replies: asked", "replies: offline"), "judge does nothing without a language model; say `replies: asked`"),
        (("ask: {", "#"), "whom to ask is not said"),
        (('"model": "fake"', '"modle": "fake"'), "http has no setting 'modle'; did you mean 'model'?"),
        (("http://127.0.0.1:9/v1", "127.0.0.1:9"), "corpus.ask.url"),
    ],
)
def test_a_recipe_that_cannot_ask_says_so_in_a_sentence(
    change: tuple[str, str], said: str, data: Path, tmp_path: Path
) -> None:
    path = recipe(data, tmp_path, "http://127.0.0.1:9/v1", EVERYTHING)
    path.write_text(path.read_text().replace(*change))
    done = agentflan("ask", path, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "out").exists()
