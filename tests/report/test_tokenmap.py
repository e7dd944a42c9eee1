"""The map of tokens says what the arrays say, and its texts are what the tokenizer makes of the ids."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from agentflan.cli.main import run as cli
from agentflan.core.errors import Mistake
from agentflan.core.types import CAPABILITIES, Conversation, Message, Segment
from agentflan.corpus.store.parquet import ConversationWriter, conversations
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import load_tokenizer, train_bpe
from agentflan.report.shown import show
from agentflan.report.tokenmap import counts, texts
from agentflan.templates.agent_flan import AgentFlan
from tests.report.html_text import Page

TEMPLATE = AgentFlan()
LONG, MUTE = "long", "mute"


def conversation(identity: str, *turns: str, loss: bool = True, weight: float = 1.0) -> Conversation:
    messages = tuple(
        Message(role="assistant", segments=(Segment(text=text, capability="reasoning", loss=loss, weight=weight),))
        if number % 2
        else Message(role="user", segments=(Segment(text="Go.\n"), Segment(text=text, capability="reasoning")))
        for number, text in enumerate(turns)
    )
    return Conversation(id=identity, source="drawn", messages=messages)


ITEMS = (
    conversation("one", "Will it rain in Oslo?", "Rain, it seems.", weight=0.5),
    conversation("chinese", "奥斯陆会下雨吗？", "看来会下雨，𠮷野家也会。"),
    conversation("cut", "a", "b", "c", "d " * 40, "e", "f"),
    conversation(LONG, "a " * 90, "b"),
    conversation(MUTE, "a", "b", loss=False),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    with ConversationWriter(folder / "corpus") as writer:
        writer.write(ITEMS)
    tokenizer = train_bpe((TEMPLATE.render(item).text for item in ITEMS[:1]), 280, TEMPLATE)
    tokenise(folder / "corpus", folder / "tokens", tokenizer, TEMPLATE, seed=0, max_length=90)
    return folder


def test_labels_are_those_of_the_arrays(run: Path) -> None:
    tokens = Tokens.open(run / "tokens")
    names = ("chat", *CAPABILITIES)
    for number, name in enumerate(tokens.names()):
        sequence, runs = tokens.sequence(number), show(run, name).runs
        assert [each.id for each in runs] == sequence.ids.tolist()
        assert [each.trained for each in runs] == sequence.trained.tolist()
        assert [names.index(each.capability) for each in runs] == sequence.capability.tolist()
        assert [each.weight for each in runs] == sequence.weight.tolist()
        assert sum(entry["trained"] for entry in counts(runs).values()) == sequence.trained.sum()


def test_texts_are_the_conversation_with_its_marks(run: Path) -> None:
    for item in ITEMS[:2]:
        found = show(run, item.id)
        assert "".join(each.text for each in found.runs) == "<|begin|>" + TEMPLATE.render(item).text
        assert found.runs[0].mark == "<|begin|>"
        assert [each.text for each in found.runs if each.end] == [TEMPLATE.stop]
    assert "" in [each.text for each in show(run, "chinese").runs]  # several tokens for one character
    assert {each.weight for each in show(run, "one").runs if each.trained} == {0.5}


def test_a_cut_conversation_shows_where(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = show(run, "cut")
    assert found.rest == ITEMS[2].messages[2:]
    kept = msgspec.structs.replace(ITEMS[2], messages=ITEMS[2].messages[:2])
    assert "".join(each.text for each in found.runs) == "<|begin|>" + TEMPLATE.render(kept).text
    assert cli(["show", str(run), "cut"]) == 0
    assert "--- cut here: 4 more messages (91 characters) do not fit 90 tokens" in capsys.readouterr().out
    page = run.parent / "cut.html"
    assert cli(["show", str(run), "cut", "--html", str(page)]) == 0
    assert "Cut here: 4 more messages" in Page(page.read_text("utf-8")).text


@pytest.mark.parametrize(
    ("name", "why"),
    [(LONG, "(too_long): not even its first reply fits 90"), (MUTE, "(nothing_trained): not one token of it has loss")],
)
def test_a_skipped_conversation_says_why(run: Path, name: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["show", str(run), name]) == 0
    out = capsys.readouterr().out
    assert why in out
    assert "characters of the assistant" in out
    assert cli(["show", str(run), name, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tokens"] is None
    assert said["skipped"] in why


def test_json_carries_every_token(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["show", str(run), "chinese", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tokens"][0] == {
        "id": 0,
        "text": "<|begin|>",
        "trained": False,
        "capability": "chat",
        "weight": 1.0,
        "mark": "<|begin|>",
    }
    assert (
        "".join(token["text"] for token in said["tokens"] if token["trained"])
        == "看来会下雨，𠮷野家也会。" + TEMPLATE.stop
    )
    assert said["token_counts"]["reasoning"]["trained"] + said["token_counts"]["format"]["trained"] == sum(
        token["trained"] for token in said["tokens"]
    )


def test_tokens_apart_in_a_pipe_and_on_a_page(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["show", str(run), "one", "--tokens"]) == 0
    out = capsys.readouterr().out
    assert "⟨<|begin|>₀⟩⟨<|Human|>₂⟩" in out
    assert "\x1b" not in out
    page = run.parent / "one.html"
    assert cli(["show", str(run), "one", "--tokens", "--html", str(page)]) == 0
    assert "<|begin|>0<|Human|>2" in Page(page.read_text("utf-8")).text


def test_the_corpus_alone_shows_characters(run: Path) -> None:
    assert show(run / "tokens", "one").tokens
    found = show(run / "corpus", "one")
    assert not found.tokens
    assert "".join(each.text for each in found.runs) == TEMPLATE.render(ITEMS[0]).text


def test_tokens_of_another_corpus_are_a_mistake(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    with ConversationWriter(tmp_path / "run" / "corpus") as writer:
        writer.write([conversation("new", "a", "b")])
    with pytest.raises(Mistake, match="made from another corpus"):
        show(tmp_path / "run")


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40))
def test_texts_of_tokens_join_to_the_whole(run: Path, text: str) -> None:
    item = next(conversations(run / "corpus"))
    asked = msgspec.structs.replace(item, messages=(Message(role="user", segments=(Segment(text=text),)),))
    tokenizer = load_tokenizer(run / "tokens" / "tokenizer")
    rendered = TEMPLATE.render(asked).text
    ids = tokenizer.encode(rendered, add_special_tokens=False).ids
    assert "".join(texts(tokenizer, ids)) == rendered


def test_bytes_that_are_no_text_are_shown_and_end() -> None:
    """A vocabulary of bytes, as Llama's falls back to, and ids that no text would give."""
    vocabulary = {"<unk>": 0, **{f"<0x{byte:02X}>": byte + 1 for byte in range(256)}, "▁a": 257}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True))
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    spelled = [byte + 1 for byte in "é奥".encode()]
    assert texts(tokenizer, [257, *spelled, 257]) == ["a", "", "é", "", "", "奥", " a"]
    broken = texts(tokenizer, [0xE5 + 1] * 50)
    assert len(broken) == 50
    assert set("".join(broken)) == {"\ufffd"}
