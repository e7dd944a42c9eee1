"""What holds for every file of wordings, and which of them a text is given."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import agentflan
from agentflan.core.types import Step, ToolSpec
from agentflan.dialects.react import React
from agentflan.dialects.talk import Talk
from agentflan.dialects.writing.languages import elicits, language_of, spoken
from agentflan.dialects.writing.wordings import languages
from tests.plugs.test_dialect_plugs import bare
from tests.transforms.drawn import steps

PLACEHOLDERS = {
    "thought": "",
    "tool": "",
    "arguments": "{tool}",
    "names": "{tool}",
    "value": "{parameter}",
    "answer": "",
    "announcement": "{tool}",
    "conclusion": "",
}
SINGLE = ("opening", "apis", "tools", "parameters", "empty", "react_opening", "react_form")
EVERY = languages("agentflan.dialects", "elicits")
every = pytest.mark.parametrize("language", EVERY)

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_UNITS = re.compile(rf"\{{\w+\}}|[{_UNSPACED}]|[^\W{_UNSPACED}](?:[^\W{_UNSPACED}]|')*")


def runs(text: str) -> list[tuple[str, ...]]:
    """Four words in a row, or five characters of a script without spaces; an inserted name counts as one."""
    units = _UNITS.findall(text.lower())
    length = 5 if sum(bool(re.match(f"[{_UNSPACED}]", unit)) for unit in units) * 2 > len(units) else 4
    return [tuple(units[at : at + length]) for at in range(len(units) - length + 1)]


def alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(one) == len(other) and all(a == b or "{" in a + b for a, b in zip(one, other, strict=True))


def test_the_runs_of_both_kinds_of_script() -> None:
    assert runs("What do you pass to {tool}?")[-1] == ("you", "pass", "to", "{tool}")
    assert runs("用 {tool} 可以吗？")[0] == ("用", "{tool}", "可", "以", "吗")
    assert alike(runs("用 {tool} 可以吗")[0], runs("用 API 可以吗")[0])


@every
@pytest.mark.parametrize("kind", PLACEHOLDERS)
def test_twenty_wordings_none_of_which_another_repeats(language: str, kind: str) -> None:
    texts = elicits(language)[kind]
    assert len(set(texts)) == len(texts) >= 20
    for text in texts:
        assert text.count("{") == text.count(PLACEHOLDERS[kind] or "{"), text
        assert text.count("{") == bool(PLACEHOLDERS[kind]), text
    for one, other in itertools.combinations(texts, 2):
        assert not [(a, b) for a in runs(one) for b in runs(other) if alike(a, b)], (one, other)


@every
def test_headings_are_those_of_english(language: str) -> None:
    said = elicits(language)
    assert said.keys() - {"letters", "strangers"} == {*PLACEHOLDERS, *SINGLE}
    assert [name for name in SINGLE if len(said[name]) != 1 or not said[name][0].strip()] == []
    for label in ("Thought:", "Action:", "Action Input:", "Final Answer:"):
        assert f"\n{label} " in said["react_form"][0]


@every
@settings(max_examples=100, deadline=None)
@given(step=steps, key=st.text("abc", max_size=3), by_value=st.sampled_from([0.0, 1.0]))
def test_what_is_written_is_read_back_in_every_language(language: str, step: Step, key: str, by_value: float) -> None:
    for dialect in (Talk(language=language, by_value_share=by_value), React(language=language)):
        try:
            messages = dialect.write(step, (), key)
        except ValueError:
            assume(False)
        assert bare(dialect.read(messages)) == bare(step)


@every
def test_prompts_are_in_the_language(language: str) -> None:
    tool = ToolSpec(name="sky", description="x")
    said = elicits(language)
    for dialect in (Talk(language=language), Talk(language=language, listing="signature"), React(language=language)):
        prompt = dialect.system("", (tool,), "key")
        assert prompt.startswith((said["opening"][0], said["react_opening"][0]))
        assert ("You have access" in prompt) == (language == "en")
    assert Talk(language=language).observe("") == said["empty"][0]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("Will it rain in Oslo?", "en"),
        ("Où est la gare de Zürich ?", "en"),
        ("奥斯陆明天会下雨吗？", "zh"),
        ("請問明天臺北會下雨嗎？", "zh"),
        ("帮我查一下 iPhone 15 Pro Max 在 amazon.com 的价格", "zh"),
        ("What does 奥斯陆 mean in English, and how is it pronounced?", "en"),
        ("東京の天気を教えてください", "en"),
        ("今日の東京都心部最高気温予想", "en"),
        ("日本的カラオケ文化在中国非常流行，请介绍一下它的历史、发展和影响，以及主要的城市。", "en"),
        ("请翻译日本品牌名「の」，并说明它在中文广告里为什么如此流行、如此常见，有什么效果", "zh"),
        ("서울 날씨 알려줘", "en"),
        ("12345 !?", "en"),
        ("𠮷𠮷𠮷", "zh"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_language_without_a_file_in_a_folder_falls_back() -> None:
    assert spoken("auto", "奥斯陆明天会下雨吗？", "agentflan.dialects", "elicits") == "zh"
    assert spoken("zh", "Rain?", "agentflan.dialects", "elicits") == "zh"
    assert spoken("auto", "奥斯陆明天会下雨吗？", "agentflan.recipes", "demo") == "en"  # a folder without any


def test_another_language_is_one_more_file(tmp_path: Path) -> None:
    """A copy of the whole package gets one file, and Russian rows are asked in Russian, their refusals in English."""
    copy = tmp_path / "agentflan"
    shutil.copytree(Path(agentflan.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    english = (copy / "dialects" / "elicits" / "en.yaml").read_text("utf-8")
    russian = 'letters: ["\\u0400-\\u04FF"]\n' + english.replace("What are you thinking at this point?", "Что думаешь?")
    (copy / "dialects" / "elicits" / "ru.yaml").write_text(russian, "utf-8")
    code = """
from agentflan.core.types import Answer, Step, Trajectory
from agentflan.transforms.converse import Converse
from agentflan.transforms.refusing.reply import spoken
_, (_, write) = Converse(react_share=0).parts()
for query in ("Будет ли дождь в Осло?", "Rain in Oslo?", "奥斯陆会下雨吗"):
    said = set()
    for number in range(300):
        steps = (Step(thought="..." , action=Answer(text="!")),)
        item = write(Trajectory(id=str(number), source="s", query=query, steps=steps))
        said.add(item.messages[0].segments[1].text)
    print("Что думаешь?" in "".join(said), spoken("auto", query, "agentflan.transforms", "refusals"))
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.splitlines() == ["True en", "False en", "False zh"]
