"""API-Bank: calls and replies as upstream reads them and as we do, over the published dialogues and our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply
from agentflan.evals.apibank import dialogues, matching
from agentflan.evals.apibank.rouge import published_rouge_l, rouge_l
from agentflan.models.scripted import Policy, Scripted
from tests.evals.apibank_replies import CALLS, pairs

REAL = Path(__file__).parents[3] / "shared" / "data" / "apibank"
UPSTREAM = json.loads((Path(__file__).parents[1] / "golden" / "apibank_upstream.json").read_text(encoding="utf-8"))
BENCHMARK = plugs.load("benchmark", "apibank")


def metrics(policy: Policy, path: Path | None = None) -> dict[str, float]:
    benchmark = plugs.load("benchmark", {"use": "apibank", **({"path": str(path)} if path else {})})
    problems = benchmark.problems()
    scores = []
    Scripted(policy=policy)(problems, lambda index, reply: scores.append(benchmark.score(problems[index], reply)))
    found: dict[str, float] = benchmark.summary(scores)
    return found


def problem(part: str, number: int = 0) -> Problem:
    found: Problem = [each for each in BENCHMARK.problems() if each.part == part][number]
    return found


def test_rouge_l_is_that_of_the_package_upstream_uses() -> None:
    scores = UPSTREAM["rouge"]["scores"]
    found = [published_rouge_l(due, said) for due, said in pairs(len(scores))]
    assert len(scores) == 300
    assert found == pytest.approx(scores, abs=1e-6)


def test_calls_are_read_as_upstreams_patterns_read_them() -> None:
    read = [None if call is None else (call[0], call[1]) for call in UPSTREAM["calls"]["read"]]
    assert [matching.published(text) for text in CALLS] == read


@pytest.mark.parametrize(
    ("due", "said", "score"),
    [
        ("The ferry leaves.", "the FERRY leaves", 1),
        ("a b c d", "a c", 2 / 3),
        ("a b", "b a", 0.5),
        ("a", "", 0),
        ("", "", 0),
    ],
)
def test_rouge_l_by_hand(due: str, said: str, score: float) -> None:
    assert rouge_l(due, said) == pytest.approx(score)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("[RentBike(place='harbour  square', date='2023-05-03', hours=4)]", True),
        ('{"name": "RentBike", "arguments": {"place": "Harbour Square", "date": "2023-05-03", "hours": 4}}', True),
        ("[RentBike(place='Harbour Square', date='2023-05-03')]", False),
        ("[RentBike(place='Harbour Square', date='2023-05-03', hours='4', lock='red')]", False),
        ("[RentCar(place='Harbour Square', date='2023-05-03', hours='4')]", False),
        ("Gladly.", False),
    ],
)
def test_a_call_is_right_by_name_and_arguments(text: str, right: bool) -> None:
    rent = next(each for each in BENCHMARK.problems() if "RentBike" in each.id and each.part == "call/level_1")
    assert BENCHMARK.score(rent, Reply(text=text)).values["accuracy"] == right


def test_a_list_equals_its_text() -> None:
    invite = next(each for each in BENCHMARK.problems() if "InvitePeople" in each.id and each.part == "call/level_1")
    text = "[InvitePeople(people=['Maud', 'Teo'], date='2023-06-09')]"
    values = BENCHMARK.score(invite, Reply(text=text)).values
    assert (values["accuracy"], values["compat/accuracy"]) == (1, 1)


def test_a_search_is_right_with_any_words_and_counts_apart() -> None:
    search = problem("search/level_2")
    for text, right in {"[ToolSearcher(keywords='plants')]": 1, "[ToolSearcher(keywords='')]": 0, "Hm.": 0}.items():
        values = BENCHMARK.score(search, Reply(text=text)).values
        assert values["search"] == right
        assert "accuracy" not in values


def test_upstream_grades_the_mark_of_the_speaker_and_ours_does_not() -> None:
    reply = problem("reply/level_1")
    values = BENCHMARK.score(reply, Reply(text=f"AI: {json.loads(reply.reference)}")).values
    assert values["rouge_l"] == 1 > values["compat/rouge_l"]


def test_a_prompt_shows_what_came_before_and_nothing_after() -> None:
    second = problem("call/level_2", 1)
    shown = second.messages[-1].segments[0].text
    assert "Response: {'name': 'WaterPlants'" in shown
    assert "20:00" not in shown
    assert [tool.name for tool in second.tools] == ["ToolSearcher"]


def test_the_published_dialogues_give_full_marks_to_their_gold_and_nothing_to_silence() -> None:
    if not REAL.is_dir():
        pytest.skip(f"the real rows are not at {REAL}")
    gold, silent = metrics("gold", REAL), metrics("silent", REAL)
    assert [gold[f"n/accuracy/{level}"] for level in ("level_1", "level_2")] == [264, 45]
    assert [gold[f"n/rouge_l/{level}"] for level in ("level_1", "level_2")] == [254, 66]
    assert gold["n/search/level_2"] == 30
    assert gold["accuracy"] == gold["search"] == gold["rouge_l"] == gold["compat/rouge_l"] == 1
    # Quotes inside of arguments end them in upstream's patterns.
    assert gold["compat/accuracy"] == pytest.approx(311 / 339)
    assert silent["accuracy"] == silent["compat/accuracy"] == silent["rouge_l"] == silent["compat/rouge_l"] == 0


def test_a_folder_without_dialogues_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no dialogue"):
        dialogues.problems(tmp_path)
