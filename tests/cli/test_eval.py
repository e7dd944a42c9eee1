"""`agentflan eval` as a process against a server as a process: what fails is told, asked again, and never graded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.models.serving import Server, serving

PROBLEMS = 20
PLACE = Path("evals/agent_h")


def command(url: str, out: Path, **settings: Any) -> list[str]:
    model = json.dumps({"use": "http", "url": url, "model": "any", **settings})
    start = [sys.executable, "-m", "agentflan", "eval", model, "--on", "agent_h", "-o", str(out)]
    return [*start, "--limit", str(PROBLEMS), "--strict"]


def evaluated(url: str, out: Path, **settings: Any) -> subprocess.CompletedProcess[str]:
    keyless = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.run(command(url, out, **settings), capture_output=True, text=True, env=keyless)


def replies(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["reply"] for line in (out / PLACE / "transcripts.jsonl").read_text().splitlines()]


def kept(out: Path) -> dict[str, Any]:
    scores: dict[str, Any] = json.loads((out / PLACE / "scores.json").read_text())
    return scores


def graded(scores: dict[str, Any]) -> float:
    """How many problems the metrics count."""
    return sum(value for name, value in scores["metrics"].items() if name.startswith("n/"))


@pytest.mark.parametrize(
    ("fault", "detail", "timeout"),
    [("html", "html", 60), ("no_choice", "no_choice", 60), ("hang", "timeout", 1.5), ("503", "http_503", 60)],
)
def test_a_fault_is_told_with_its_problem_left_out_and_asked_again(
    fault: str, detail: str, timeout: float, tmp_path: Path
) -> None:
    with serving(tmp_path, script=["ok", "ok", fault, "ok", fault], latency=0.01) as server:
        done = evaluated(server.url, tmp_path / "run", retries=0, timeout=timeout)
        assert done.returncode == 3, done.stderr
        first = kept(tmp_path / "run")
        told = first["faulted"][f"infrastructure ({detail})"]
        assert (told["problems"], len(told["such_as"])) == (2, 2)
        assert f"2 infrastructure ({detail}), left out and asked again: {', '.join(told['such_as'])}" in done.stdout
        assert f"{PLACE / 'transcripts.jsonl'}" in done.stdout
        assert "20 of 20" in done.stderr
        assert "2 infrastructure" in done.stderr
        assert Counter(reply.get("detail", "") for reply in replies(tmp_path / "run")) == {"": 18, detail: 2}
        assert (first["metrics"]["faults/infrastructure"], graded(first)) == (2, PROBLEMS - 2)
        again = evaluated(server.url, tmp_path / "run", retries=0, timeout=timeout)
        whole = evaluated(server.url, tmp_path / "at_once", timeout=timeout)
    assert (again.returncode, whole.returncode) == (0, 0), again.stderr + whole.stderr
    assert "18 of 20 are on file" in again.stderr
    assert kept(tmp_path / "run")["metrics"] == kept(tmp_path / "at_once")["metrics"]
    assert set(server.paid().values()) == {2}  # once for each of the two runs


def test_faults_that_pass_are_no_faults(tmp_path: Path) -> None:
    script = ["429", "html", "no_choice", "503", "no_content", "reset", "429", "cut"]
    with serving(tmp_path, script=script, retry_after="seconds") as server:
        done = evaluated(server.url, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    scores = kept(tmp_path / "run")
    assert (scores["metrics"]["faults"], scores["faulted"], graded(scores)) == (0, {}, PROBLEMS)
    assert server.outcomes() == {**Counter(script), "ok": PROBLEMS}


def test_a_server_that_is_down_or_goes_down_is_one_sentence_and_what_came_is_kept(tmp_path: Path) -> None:
    with serving(tmp_path, script=["ok"] * 5, faults={"503": 1}, latency=0.01) as server:
        midway = evaluated(server.url, tmp_path / "run", retries=1, concurrency=4)
    assert (midway.returncode, midway.stdout) == (2, "")
    assert "every request fails (http_503" in midway.stderr
    counted = Counter(reply.get("detail", "") for reply in replies(tmp_path / "run"))
    assert counted[""] == 5
    assert counted["http_503"] > 0
    assert not (tmp_path / "run" / PLACE / "scores.json").exists()
    down = evaluated(server.url, tmp_path / "run")
    assert (down.returncode, down.stdout) == (2, "")
    assert "nobody answers there; start the server" in down.stderr
    with serving(tmp_path, latency=0.01) as server:
        assert evaluated(server.url, tmp_path / "run").returncode == 0


def test_what_is_final_is_graded_and_counted(tmp_path: Path) -> None:
    with serving(tmp_path, faults={"length": 0.4, "overflow": 0.4}, latency=0.01) as server:
        done = evaluated(server.url, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    scores = kept(tmp_path / "run")
    assert graded(scores) == PROBLEMS
    assert set(scores["faulted"]) == {"length", "context_overflow"}
    assert "length, graded by the text that is there: agent_h/" in done.stdout


def killed_midway(server: Server, out: Path) -> int:
    """The replies on file of an evaluation that was killed while some were there and some were not."""
    path = out / PLACE / "transcripts.jsonl"
    child = subprocess.Popen(command(server.url, out, concurrency=2), stderr=subprocess.DEVNULL)
    try:
        while not (path.exists() and path.read_bytes().count(b"\n") >= 5):
            assert child.poll() is None
            time.sleep(0.005)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    return path.read_bytes().count(b"\n")


def test_after_a_kill_only_what_is_missing_is_asked(tmp_path: Path) -> None:
    with serving(tmp_path, latency=0.15, faults={"calls": 0.3}) as server:
        before = killed_midway(server, tmp_path / "run")
        assert 5 <= before < PROBLEMS
        rest = evaluated(server.url, tmp_path / "run", concurrency=2)
        assert rest.returncode == 0, rest.stderr
        asked = Counter(call.question for call in server.calls())
        assert len(asked) == PROBLEMS
        assert asked.total() <= PROBLEMS + 2  # the two that were under way when it was killed
        whole = evaluated(server.url, tmp_path / "at_once", concurrency=2)
    assert whole.returncode == 0, whole.stderr
    assert kept(tmp_path / "run")["metrics"] == kept(tmp_path / "at_once")["metrics"]


def test_a_url_needs_the_name_of_its_model_and_is_asked_greedily(tmp_path: Path) -> None:
    with serving(tmp_path, latency=0.01) as server:
        start = [sys.executable, "-m", "agentflan", "eval", server.url, "--on", "agent_h", "-o", str(tmp_path / "run")]
        nameless = subprocess.run(start, capture_output=True, text=True)
        assert (nameless.returncode, "--model NAME" in nameless.stderr) == (2, True)
        named = subprocess.run([*start, "--model", "m", "--limit", "5"], capture_output=True, text=True)
    assert named.returncode == 0, named.stderr
    scores = kept(tmp_path / "run")
    assert (scores["model"], scores["decoding"]) == ("m", {"max_tokens": 1024, "temperature": 0.0})
    assert server.url not in json.dumps(scores)


def test_a_log_is_the_same_whenever_it_is_written(tmp_path: Path) -> None:
    log = tmp_path / "run" / PLACE / "agent_h.eval"
    logs = []
    with serving(tmp_path, latency=0.01, script=["html"]) as server:
        for further in (["--log"], ["--log", "--rescore"]):
            done = subprocess.run(
                [*command(server.url, tmp_path / "run", retries=0), *further], capture_output=True, text=True
            )
            assert done.returncode == 3, done.stderr
            logs.append(log.read_bytes())
    assert logs[0] == logs[1]
    with zipfile.ZipFile(log) as whole:
        header, listed = (json.loads(whole.read(name)) for name in ("header.json", "summaries.json"))
        samples = {name: json.loads(whole.read(name)) for name in whole.namelist() if name.startswith("samples/")}
    assert header["results"]["completed_samples"] == PROBLEMS - 1
    assert len(samples) == len(listed) == PROBLEMS
    assert {f"samples/{sample['id']}_epoch_1.json" for sample in listed} == set(samples)
    assert [sample["error"]["message"] for sample in samples.values() if "error" in sample] == ["infrastructure: html"]
