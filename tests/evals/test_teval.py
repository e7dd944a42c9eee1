"""T-Eval's traps: what ours mends, what `compat` keeps, and embedders behind a URL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import msgspec
import pytest

from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply
from agentflan.evals.benchmarks.teval import TEval
from agentflan.evals.embedders.http import Http
from agentflan.models.scripted import Scripted

BENCHMARK = TEval(language="both")
PROBLEMS = BENCHMARK.problems()


def first(part: str) -> Problem:
    return next(problem for problem in PROBLEMS if problem.part == part)


def values(part: str, text: str) -> dict[str, float]:
    return BENCHMARK.score(first(part), Reply(text=text)).values


def test_silence_is_worth_nothing_here_and_nothing_upstream_with_tfidf() -> None:
    scores = []
    Scripted(policy="silent")(PROBLEMS, lambda index, reply: scores.append(BENCHMARK.score(PROBLEMS[index], reply)))
    metrics = BENCHMARK.summary(scores)
    assert metrics["overall"] == metrics["compat/overall/en"] == metrics["compat/overall/zh"] == 0


def test_a_plan_of_which_nothing_matches_is_worth_nothing() -> None:
    found = values("plan_json/en", '[{"id": 0, "name": "Moon.paint", "args": "blue"}]')
    assert found["plan_json/en"] == 0
    assert found["compat/plan_json/en"] == pytest.approx(2 / 3)


def test_a_plan_that_only_finishes_does_not_crash() -> None:
    text = '[{"id": 0, "name": "FinishAction", "args": "{}"}]'
    assert set(values("plan_json/en", text).values()) == {0.0}


def test_an_invented_argument_costs() -> None:
    problem = next(each for each in PROBLEMS if each.part == "rru/en")
    gold = msgspec.json.decode(problem.reference)["ground_truth"]
    text = json.dumps({**gold, "args": {**gold["args"], "colour": "red"}})
    found = BENCHMARK.score(problem, Reply(text=text)).values
    assert found["rru_args/en"] < 1
    assert found["compat/rru_args/en"] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("text", ["Bad tool call.", "Answer: Because of it"])
def test_a_word_is_no_letter(text: str) -> None:
    problem = next(each for each in PROBLEMS if each.part == "review_str/en" and '"B"' in each.reference)
    found = BENCHMARK.score(problem, Reply(text=text)).values
    assert (found["review_str/en"], found["compat/review_str/en"]) == (0, 1)


@pytest.mark.parametrize("piece", ["a", "Tool: ", "a.b ", "[", "{'a':", "Sky.rain\n", "\nWith: "])
def test_two_megabytes_take_no_time(piece: str) -> None:
    text = piece * (2_000_000 // len(piece))
    for part in sorted({problem.part for problem in PROBLEMS}):
        start = time.process_time()
        values(part, text)
        assert time.process_time() - start < 10


class _Answers(BaseHTTPRequestHandler):
    """Each text as (its length, 1)."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = [{"index": at, "embedding": [len(text), 1]} for at, text in enumerate(asked["input"])]
        self.send_response(200 if asked["model"] == "good" else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"data": rows[::-1]}).encode())

    def log_message(self, *_: object) -> None:
        """Tests say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_vectors_from_a_url_come_in_order(url: str) -> None:
    embed = Http(url=url, model="good", batch=2)(["a", "bb", "ccc"])
    assert embed(["ccc", "dddd", "a"]).tolist() == [[3, 1], [4, 1], [1, 1]]


def test_a_server_that_refuses_is_told(url: str) -> None:
    with pytest.raises(Mistake, match="does not answer"):
        Http(url=url, model="bad")(["a"])
