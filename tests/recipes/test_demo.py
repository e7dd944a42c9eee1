"""What the demonstration measures is held out for real, and its rows are what the readers and the arms expect."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core.types import CIRCUMSTANCES, Answer, Dropped, Problem, Reply, Trajectory
from agentflan.corpus.tokens.tokenizer import train_bpe
from agentflan.dialects.react import React
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.recipes.demo import PROBLEMS, TASKS, pretraining, problems, rows, write_demo
from agentflan.recipes.demo.world import ASKS, CHATS, CLOSINGS, HELD_OUT, LINKS, OWN, SUBJECT, VALUES
from agentflan.recipes.recipe import load
from agentflan.sources.agentinstruct import Agentinstruct
from agentflan.sources.sharegpt import Sharegpt
from agentflan.sources.toolbench import Toolbench
from agentflan.templates.agent_flan import AgentFlan

TUNING = ("toolbench", "chat", "agentinstruct")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, seed=1)
    return folder


def lines(demo: Path, name: str) -> list[bytes]:
    return (demo / "rows" / f"{name}.jsonl").read_bytes().splitlines()


def texts(demo: Path, name: str) -> Iterator[str]:
    for line in lines(demo, name):
        for turn in json.loads(line)["conversations"]:
            yield turn.get("value") or turn["content"]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+|[^\sa-z_]", text)


def asked(demo: Path) -> list[Problem]:
    return [msgspec.json.decode(line, type=Problem) for line in (demo / "problems.jsonl").read_bytes().splitlines()]


def queries(demo: Path) -> list[str]:
    return [problem.messages[-1].segments[0].text for problem in asked(demo)]


@pytest.mark.parametrize("name", ["base", *TUNING])
def test_no_row_holds_a_held_out_topic_or_name(demo: Path, name: str) -> None:
    unseen = set(HELD_OUT.topics) | set(HELD_OUT.names)
    found = {pair for text in texts(demo, name) for pair in pairwise(words(text))}
    assert found.isdisjoint(unseen)
    assert any(pair[0] in SUBJECT and pair[1] in SUBJECT for pair in found), "topics are there to be found"


def test_every_problem_is_about_held_out_topics_and_tools(demo: Path) -> None:
    topics, names = set(HELD_OUT.topics), set(HELD_OUT.names)
    for problem in asked(demo):
        for tool in problem.tools:
            one, other, *own = tool.name.split()
            assert (one, other) in topics
            assert tuple(own) in names
    said = [[word for word in query.split() if word in SUBJECT] for query in queries(demo)]
    assert all(not topic or tuple(topic) in topics for topic in said)


def test_tuning_has_none_of_the_problems_wordings_and_values(demo: Path) -> None:
    told = [f" {text} " for name in TUNING for text in texts(demo, name)]
    held = [*ASKS.held_out, *(chat.partition("|")[0] for chat in CHATS.held_out), *filter(None, CLOSINGS.held_out)]
    held += [*(link for links in LINKS.values() for link in links.held_out)]
    held += [value for values in HELD_OUT.values.values() for value in values]
    for wording in held:
        fixed = max(wording.split("{}"), key=len).strip()
        assert not any(f" {fixed} " in text for text in told), fixed
    assert all(len(HELD_OUT.values[name]) >= 2 for name in VALUES)


def test_syllables_are_shared_by_what_is_seen_and_what_is_not() -> None:
    assert not set(SUBJECT) & set(OWN)
    assert {syllable for topic in HELD_OUT.topics for syllable in topic} == set(SUBJECT)
    assert {syllable for name in HELD_OUT.names for syllable in name} == set(OWN)


def test_a_name_nobody_has_seen_is_as_many_tokens_as_any_other(demo: Path) -> None:
    read = [text for name in ("base", *TUNING) for text in islice(texts(demo, name), 0, None, 5)]
    tokenizer = train_bpe(iter(read), 1024, AgentFlan())
    assert {
        len(tokenizer.encode(tool.name, add_special_tokens=False).ids)
        for problem in asked(demo)
        for tool in problem.tools
    } == {4}


def test_rows_are_read_as_what_they_are_shaped_like(demo: Path) -> None:
    for line in [*lines(demo, "base")[::50], *lines(demo, "chat")]:
        talk = Sharegpt()(line)
        assert isinstance(talk, Trajectory)
        assert all(isinstance(step.action, Answer) for step in talk.steps)
    tasks = [Agentinstruct()(line) for line in lines(demo, "agentinstruct")]
    assert all(isinstance(task, Trajectory) and task.ending == "answer" for task in tasks)
    assert set(Counter(task.dialect for task in tasks if isinstance(task, Trajectory)).values()) == {TASKS}
    searches = [Toolbench()(line) for line in lines(demo, "toolbench")]
    assert not any(isinstance(search, Dropped) for search in searches)
    endings = Counter(search.ending for search in searches if isinstance(search, Trajectory))
    assert endings["answer"] > 9 * (endings["gave_up"] + endings["open"])
    assert endings["gave_up"] > 9
    assert endings["open"] > 9
    assert any(search.restarted for search in searches if isinstance(search, Trajectory))


def test_no_search_is_like_another(demo: Path) -> None:
    """Which tool serves which topic cannot be learned by heart: names are drawn afresh."""
    tools: dict[str, set[str]] = {}
    for line in lines(demo, "toolbench"):
        for name in re.findall(r"'name': '([a-z ]+)'", json.loads(line)["conversations"][0]["value"]):
            tools.setdefault(" ".join(name.split()[:2]), set()).add(name)
    counts = [len(names) for names in tools.values()]
    assert sum(counts) / len(counts) > 8


def test_prompts_are_laid_out_as_the_recipe_tunes_them(demo: Path) -> None:
    arms = {arm.name: arm for arm in load(demo / "demo.yaml")}
    chain = arms["with_negatives"].data["corpus"]["transforms"]
    converse = next(entry for entry in chain if "converse" in str(entry))
    react = React(listing=converse["listing"], instruct=converse["instruct"])
    for problem in asked(demo):
        system = [message.segments[0].text for message in problem.messages if message.role == "system"]
        if problem.tools:
            assert system == [react.system("", problem.tools, "")]
        assert bool(problem.tools) == (problem.circumstance or "").startswith("tools")


def test_arms_differ_in_their_negatives_alone(demo: Path) -> None:
    arms = {arm.name: arm.data for arm in load(demo / "demo.yaml")}
    with_, without = arms["with_negatives"], arms["without_negatives"]
    chain = with_["corpus"]["transforms"]
    taught = [entry for entry in chain if entry not in without["corpus"]["transforms"]]
    assert [entry["use"] for entry in taught] == ["negatives"]
    kept = [entry for entry in chain if entry not in taught]
    assert {**with_, "corpus": {**with_["corpus"], "transforms": kept}} == without


def test_gold_replies_score_full_and_silence_none(demo: Path) -> None:
    benchmark = AgentH(path=demo / "problems.jsonl")
    given = benchmark.problems()
    assert Counter(problem.circumstance for problem in given) == dict.fromkeys(CIRCUMSTANCES, PROBLEMS)
    gold = benchmark.summary([benchmark.score(problem, Reply(text=_gold(problem))) for problem in given])
    assert gold["right_tool"] == gold["right_arguments"] == gold["balanced"] == 1
    silent = benchmark.summary([benchmark.score(problem, Reply(text="")) for problem in given])
    assert silent["right_tool"] == silent["balanced"] == 0


def test_the_right_tool_is_offered_once_and_only_where_it_is_due(demo: Path) -> None:
    for problem, query in zip(asked(demo), queries(demo), strict=True):
        fitting = [tool for tool in problem.tools if f" {' '.join(tool.name.split()[:2])} " in f" {query} "]
        assert len(fitting) == (problem.circumstance == "tools_relevant")


def test_a_seed_decides_everything() -> None:
    def drawn(seed: int) -> list[Any]:
        made = (pretraining.documents(seed), rows.searches(seed, 3), rows.chats(seed, 3), problems.problems(seed, 2))
        return [list(islice(each, 10)) for each in made]

    assert drawn(3) == drawn(3)
    assert all(one != other for one, other in zip(drawn(3), drawn(4), strict=True))


def _gold(problem: Problem) -> str:
    (message,) = React().write(problem.gold[0], problem.tools, "")
    if isinstance(action := problem.gold[0].action, Answer):
        return action.text
    return "".join(segment.text for segment in message.segments)
