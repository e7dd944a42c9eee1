"""Every fault of a real server ends in a reply, in a fault with its name, or in one sentence; nothing hangs."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from agentflan.core.errors import Mistake
from agentflan.core.types import Reply
from agentflan.models.http import Http
from tests.models.serving import asked, questions, serving

PASSING = {
    "500": "http_500",
    "503": "http_503",
    "hang": "timeout",
    "drip": "timeout",
    "reset": "cut_off",
    "cut": "cut_json",
    "schema": "wrong_schema",
    "html": "html",
    "no_choice": "no_choice",
    "no_content": "no_content",
}
"""Fault of the server -> what it is called when the retries are used up."""


@pytest.fixture(autouse=True)
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENTFLAN_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_every_question_gets_its_own_reply(tmp_path: Path) -> None:
    with serving(tmp_path, latency=0.005) as server:
        replies = asked(server, 60, concurrency=8)
    assert sorted(replies) == list(range(60))
    assert all(reply.text and not reply.fault and reply.tokens_in and reply.tokens_out for reply in replies.values())
    assert len(server.paid()) == server.paid().total() == 60


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_tried_again(fault: str, tmp_path: Path) -> None:
    patience = 2.0 if PASSING[fault] == "timeout" else 60.0  # a busy machine is no fault of the server
    with serving(tmp_path, script=[fault, fault]) as server:
        (given_up,) = asked(server, 1, retries=0, timeout=patience).values()
        (replied,) = asked(server, 1, retries=1, timeout=patience).values()
    assert (given_up.fault, given_up.detail) == ("infrastructure", PASSING[fault])
    assert replied.text
    assert server.outcomes() == {fault: 2, "ok": 1}


def test_being_sent_back_for_the_rate_uses_up_no_retry_and_is_waited_out(tmp_path: Path) -> None:
    for retry_after in ("seconds", "date"):
        with serving(tmp_path, script=["429", "429"], retry_after=retry_after) as server:
            (reply,) = asked(server, 1, retries=0).values()
        assert reply.text
        first, second, third = server.calls()
        assert (first.outcome, second.outcome, third.outcome) == ("429", "429", "ok")
        least = 1.0 if retry_after == "seconds" else 0.0  # a date has no fractions: between nothing and all of a second
        assert min(second.at - first.at, third.at - second.at) >= least


@pytest.mark.parametrize(("fault", "text"), [("content_filter", ""), ("length", " "), ("overflow", "")])
def test_what_is_final_is_asked_once(fault: str, text: str, tmp_path: Path) -> None:
    with serving(tmp_path, faults={fault: 1}) as server:
        (reply,) = asked(server, 1).values()
    assert (reply.fault, text in reply.text) == ("context_overflow" if fault == "overflow" else fault, True)
    assert server.outcomes() == {fault: 1}


def test_what_the_server_declines_is_not_tried_again(tmp_path: Path) -> None:
    with serving(tmp_path, script=["400"]) as server:
        replies = asked(server, 3)
    assert sorted(reply.detail for reply in replies.values()) == ["", "", "http_400"]
    assert server.outcomes() == {"400": 1, "ok": 2}


def test_a_wrong_key_stops_at_once_and_is_nowhere_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTFLAN_API_KEY", "sk-wrong")
    with serving(tmp_path, key="sk-right", latency=0.05) as server:
        with pytest.raises(Mistake, match="refuses the key") as caught:
            asked(server, 500, concurrency=8)
        assert "sk-" not in str(caught.value)
        assert server.outcomes()["401"] <= 8
        monkeypatch.setenv("OPENAI_API_KEY", "sk-right")
        monkeypatch.delenv("AGENTFLAN_API_KEY")
        assert asked(server, 3)[2].text
    assert "sk-" not in server.log.read_text()


@pytest.mark.parametrize(("fault", "said"), [("404", "no such model or path"), ("500", "every request fails")])
def test_what_goes_wrong_every_time_is_a_mistake(fault: str, said: str, tmp_path: Path) -> None:
    with serving(tmp_path, faults={fault: 1}, latency=0) as server, pytest.raises(Mistake, match=said):
        asked(server, 400, concurrency=4, retries=0)
    assert server.outcomes()[fault] < 100


def test_a_server_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        pass
    with pytest.raises(Mistake, match="nobody answers"):
        asked(server, 5)


def test_a_failure_of_the_caller_stops_everything(tmp_path: Path) -> None:
    with serving(tmp_path, latency=0.02) as server, pytest.raises(ZeroDivisionError):
        Http(url=server.url, model="any", concurrency=2)(questions(100), lambda index, _: 1 // index)
    assert len(server.calls()) < 20


def test_how_it_goes_is_told_on_the_way(tmp_path: Path) -> None:
    told = []
    with serving(tmp_path, script=["500", "429"]) as server:
        Http(url=server.url, model="any")(questions(40), lambda *_: None, told.append)
    assert (told[-1].refused, told[-1].retried) == (1, 1)
    assert max(traffic.open for traffic in told) <= max(traffic.limit for traffic in told) <= 64


def test_a_call_that_the_server_has_read_is_text_again(tmp_path: Path) -> None:
    with serving(tmp_path, faults={"tool_calls": 1}) as server:
        (reply,) = asked(server, 1).values()
    assert reply.text == '<tool_call>{"name":"find_anything","arguments":{"query":"it"}}</tool_call>'


def test_a_server_may_go_on_from_the_text_that_a_template_lays_out(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        (stopped,) = asked(server, 1, template="llama2").values()
    with serving(tmp_path, faults={"runs_on": 1}) as server:
        (cut,) = asked(server, 1, template="llama2").values()
    assert stopped.text == cut.text
    assert stopped.text == stopped.text.strip() != ""


def test_a_problem_may_set_a_limit_of_its_own(tmp_path: Path) -> None:
    replies: dict[int, Reply] = {}
    free = questions(1)[0]
    with serving(tmp_path) as server:
        Http(url=server.url, model="any")([structs.replace(free, max_tokens=3), free], replies.__setitem__)
    assert (replies[0].fault, replies[1].fault) == ("length", "")
    assert 0 < len(replies[0].text) <= 3 * 4 < len(replies[1].text)


def test_giving_up_leaves_its_reason_with_all_that_was_to_be_tried_again(tmp_path: Path) -> None:
    replies: dict[int, Reply] = {}
    with serving(tmp_path, faults={"html": 1}, latency=0) as server, pytest.raises(Mistake, match="fails \\(html"):
        Http(url=server.url, model="any", concurrency=4)(questions(6), replies.__setitem__)
    assert replies
    assert {(reply.fault, reply.detail) for reply in replies.values()} == {("infrastructure", "html")}
