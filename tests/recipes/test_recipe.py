"""A recipe is checked whole before anything starts, and every mistake says where it stands and what to do."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake, Mistakes
from agentflan.recipes.recipe import load
from agentflan.recipes.text import merge, read, shipped

CHAT = '[{"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]}]'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows").mkdir()
    for name in ("agentinstruct", "toolbench", "sharegpt"):
        (tmp_path / "rows" / f"{name}.json").write_text(CHAT)
    return tmp_path


def written(folder: Path, text: str, name: str = "r.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_recipe_of_sources_alone_builds_the_papers_chain(folder: Path) -> None:
    (arm,) = load(written(folder, "corpus: {sources: [{use: sharegpt, path: rows/sharegpt.json}]}"))
    names = [name for name, _ in arm.corpus.transforms]
    assert names[:2] == ["finished_only", "no_restarts"]
    assert {"converse/write", "rebalance", "negatives/pick"} <= set(names)
    assert (arm.corpus.settings.mix.mode, arm.seed, arm.corpus.settings.replies) == ("concat", 0, "offline")


def test_numbers_and_words_mean_what_they_look_like(folder: Path) -> None:
    text = """\
corpus:
  sources: [{use: sharegpt, path: rows/sharegpt.json, licence: no}]
  transforms: [{use: converse, instruct: false}]
train: {learning_rate: 2e-4}
"""
    (arm,) = load(written(folder, text))
    assert arm.data["corpus"]["transforms"][0]["instruct"] is False
    assert arm.recipe.train is not None
    assert arm.recipe.train.learning_rate == 2e-4
    assert arm.corpus.sources[0].licence == "no"


def test_all_mistakes_come_at_once_with_line_and_nearest_name(folder: Path) -> None:
    path = written(
        folder,
        """\
corpus:
  sources:
    - {use: sharegpt, path: rows/sharegpt.json}
  transform: []
train:
  batch_size: many
  learning_rat: 1e-5
evls: []
seed: 1.5
""",
    )
    with pytest.raises(Mistakes) as raised:
        load(path)
    assert sorted(str(raised.value).splitlines()) == [
        "r.yaml:4: corpus.transform: there is no key 'transform' here; did you mean 'transforms'?",
        "r.yaml:6: train.batch_size: expected `int`, got `str`; it is 'many' now",
        "r.yaml:7: train.learning_rat: there is no key 'learning_rat' here; did you mean 'learning_rate'?",
        "r.yaml:8: evls: there is no key 'evls' here; did you mean 'evals'?",
        "r.yaml:9: seed: expected `int`, got `float`; it is 1.5 now",
    ]


def test_mistakes_of_plugs_carry_their_line_too(folder: Path) -> None:
    path = written(
        folder,
        """\
corpus:
  sources:
    - {use: sharegt, path: rows/sharegpt.json}
    - use: sharegpt
      path: rows/absent.json
  transforms:
    - {use: converse, react_shar: 0.5}
evals:
  - {use: agent_hh}
""",
    )
    with pytest.raises(Mistakes) as raised:
        load(path)
    said = str(raised.value)
    assert "r.yaml:3: corpus.sources[0]: there is no source named 'sharegt'; did you mean 'sharegpt'?" in said
    assert "r.yaml:5: corpus.sources[1].path: no file matches 'rows/absent.json'" in said
    assert "r.yaml:7: corpus.transforms[0].react_shar: converse has no setting 'react_shar'; did you mean" in said
    assert "r.yaml:9: evals[0]: there is no benchmark named 'agent_hh'; did you mean 'agent_h'?" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a recipe is a mapping"),
        ("- 1", "a recipe is a mapping"),
        ("corpus: {", "r.yaml:1"),
        ("seed: 1\nseed: 2", "duplicate key"),
        ("seed: 1", "the key 'corpus' is missing"),
        ("corpus: {sources: []}", "no source"),
        ("corpus: 3", "expected keys and values"),
        ("base: agent_flan_7\ncorpus: {}", "did you mean 'agent_flan_7b'?"),
        ("base: r.yaml", "in a circle"),
    ],
)
def test_what_is_no_recipe_says_so(folder: Path, text: str, said: str) -> None:
    with pytest.raises(Mistake) as raised:
        load(written(folder, text))
    assert said in str(raised.value)


def test_arms_and_seeds_give_one_run_each(folder: Path) -> None:
    text = """\
base: agent_flan_7b
seeds: [1, 2]
arms:
  plain: {corpus: {transforms: [converse]}}
  whole: {}
"""
    arms = load(written(folder, text))
    assert [(arm.name, arm.seed) for arm in arms] == [
        ("plain-seed1", 1),
        ("whole-seed1", 1),
        ("plain-seed2", 2),
        ("whole-seed2", 2),
    ]
    assert [name for name, _ in arms[0].corpus.transforms] == ["converse/share", "converse/write"]
    assert arms[3].corpus.seed == 2


def test_an_arm_that_is_wrong_names_its_key(folder: Path) -> None:
    text = "base: agent_flan_7b\narms:\n  a: {corpus: {transforms: [convers]}}\n  b: {train: {epoch: 2}}\n"
    with pytest.raises(Mistakes) as raised:
        load(written(folder, text))
    assert "'converse'?" in str(raised.value)
    assert "'epochs'?" in str(raised.value)


def test_a_base_gives_way_key_by_key() -> None:
    assert merge({"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"c": [2]}}) == {"a": {"b": 1, "c": [2]}, "d": 2}


@pytest.mark.parametrize("name", sorted(set(shipped()) - {"demo"}))
def test_every_shipped_recipe_is_right(folder: Path, name: str) -> None:
    with chdir(folder):  # a shipped recipe takes its paths from where it is called
        arms = load(name)
    assert all(arm.recipe.train for arm in arms)


def test_the_paper_sizes_differ_as_the_paper_says(folder: Path) -> None:
    sizes = {}
    for name in ("agent_flan_7b", "agent_flan_13b", "agent_flan_70b"):
        with chdir(folder):
            (arm,) = load(name)
        assert arm.recipe.train is not None
        sizes[name] = (arm.recipe.train.batch_size, arm.recipe.train.learning_rate, arm.recipe.train.warmup_from)
    assert sizes == {
        "agent_flan_7b": (32, 2e-5, 4e-6),
        "agent_flan_13b": (32, 2e-5, 4e-6),
        "agent_flan_70b": (128, 2e-5, 4e-6),
    }


def test_places_survive_a_base(folder: Path) -> None:
    text = read(written(folder, "base: agent_flan_7b\ntrain:\n  batch_size: 8\n"))
    assert text.places["train.batch_size"] == "r.yaml:3"
    assert text.places["train.learning_rate"].startswith("agent_flan_7b:")
