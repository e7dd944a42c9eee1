"""Tokens: the right ones, the right ones trained, the same whichever way they are worked out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer
from transformers import PreTrainedTokenizerFast as FastTokenizer

from agentflan.core.errors import Mistake
from agentflan.core.types import CAPABILITIES, Conversation, Message, Rendered, Segment
from agentflan.corpus.store.parquet import ConversationWriter
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.labels import CODES, Labelled, Labeller
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import BOS, bos_of, load_tokenizer, save_tokenizer, train_bpe
from agentflan.templates.agent_flan import ASSISTANT, END, HUMAN, AgentFlan
from tests.drawn import CONVERSATIONS, TEXTS, plain

TEMPLATE = AgentFlan()
LESSONS = [
    "Thought: i need ka_lo .\nAction: ka_lo\nAction Input: {'city': 'vun ba', 'count': 12}",
    "tool ka_lo needs city and day ; tool re_mi needs count",
    "\u0d15\u0d47\u0d30\u0d33 caf\u00e9 na\u00efve",
] * 20


def ours() -> Tokenizer:
    return train_bpe(iter(LESSONS), 600, TEMPLATE)


def like_llama(scheme: str) -> Tokenizer:
    """Byte fallback, spaces as U+2581; `legacy` imagines the first space in its normalizer, else Metaspace does."""
    special = ["<unk>", "<s>", "</s>"]
    vocabulary = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    spaced = pre_tokenizers.Metaspace(prepend_scheme="always" if scheme == "legacy" else scheme, split=True)
    tokenizer.pre_tokenizer = spaced
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=[*vocabulary, END, "\u0d46"], show_progress=False, limit_alphabet=60
    )
    tokenizer.train_from_iterator(LESSONS, trainer)
    made = tokenizer.model
    if scheme == "legacy":
        tokenizer.pre_tokenizer = None
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    bare = Tokenizer(made)
    bare.model.byte_fallback = True
    bare.normalizer, bare.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    bare.add_special_tokens([AddedToken(mark, normalized=False) for mark in special])
    bare.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    bare.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return bare


def like_gpt(prefix: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<|endoftext|>", END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LESSONS, trainer)
    return tokenizer


KINDS = {
    "ours": ours,
    "llama": lambda: like_llama("legacy"),
    "metaspace_always": lambda: like_llama("always"),
    "metaspace_first": lambda: like_llama("first"),
    "gpt": lambda: like_gpt(False),
    "gpt_prefix": lambda: like_gpt(True),
}


@pytest.fixture(scope="module")
def kinds() -> dict[str, Tokenizer]:
    return {name: make() for name, make in KINDS.items()}


@pytest.fixture(scope="module")
def own(kinds: dict[str, Tokenizer]) -> Tokenizer:
    return kinds["ours"]


@pytest.fixture(scope="module")
def loaded(own: Tokenizer) -> Iterator[FastTokenizer]:
    """Our tokenizer as whoever gets the model folder sees it."""
    with tempfile.TemporaryDirectory() as name:
        save_tokenizer(own, Path(name), TEMPLATE)
        yield AutoTokenizer.from_pretrained(name)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(batch=st.lists(CONVERSATIONS, min_size=1, max_size=2))
def test_lengths_and_offsets_give_the_same_labels(
    kinds: dict[str, Tokenizer], kind: str, batch: list[Conversation]
) -> None:
    rendered = [*map(TEMPLATE.render, batch), Rendered(text="", spans=())]
    quick, sure = Labeller(kinds[kind])(rendered), Labeller(kinds[kind], by_offsets=True)(rendered)
    for one, other in zip(quick, sure, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["ours", "llama", "gpt"])
def test_lengths_suffice_for_ordinary_text(kinds: dict[str, Tokenizer], kind: str) -> None:
    class OnlyLengths(Labeller):
        def _by_offsets(self, rendered: Rendered) -> np.ndarray:
            raise AssertionError(rendered.text)

    labelled = OnlyLengths(kinds[kind])([TEMPLATE.render(talk(text)) for text in LESSONS[:3]])
    assert labelled.trained.any()


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
@example(text=" \n \n  a")
@example(text="a\u2581b <|Human|> <s>")
def test_every_text_comes_back(own: Tokenizer, text: str) -> None:
    assert own.decode(own.encode(text).ids, skip_special_tokens=False) == text
    whole = f"{BOS}{HUMAN}{text}\n {ASSISTANT}{text}{END}\n "
    assert own.decode(own.encode(whole).ids, skip_special_tokens=False) == whole


@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_a_reply_is_decoded_without_the_imagined_space(own: Tokenizer, loaded: FastTokenizer, text: str) -> None:
    prompt = own.encode(f"{HUMAN}hi\n {ASSISTANT}").ids
    whole = own.encode(f"{HUMAN}hi\n {ASSISTANT}{text}{END}\n ").ids
    assert whole[: len(prompt)] == prompt
    reply = whole[len(prompt) : whole.index(own.token_to_id(END))]
    assert own.decode(reply, skip_special_tokens=True) == text
    assert loaded.decode(reply, skip_special_tokens=True) == text


def test_a_word_is_the_same_token_wherever_it_stands(own: Tokenizer) -> None:
    tokens = own.encode(f"{HUMAN}ka_lo and ka_lo\nka_lo{END}").tokens
    name = ["\u0120ka", "_", "lo"]
    assert tokens == [HUMAN, *name, "\u0120and", *name, "\u010a", *name, END]
    unseen = own.encode("re_lo 121").tokens
    assert unseen == ["\u0120re", "_", "lo", "\u01201", "2", "1"]


def test_the_same_texts_give_the_same_vocabulary(own: Tokenizer) -> None:
    assert ours().to_str() == own.to_str()
    laid_out = train_bpe((f"{HUMAN}{text}{END}" for text in LESSONS), 600, TEMPLATE)
    assert laid_out.get_vocab().keys() == own.get_vocab().keys()


@settings(max_examples=40, deadline=None)
@given(conversation=CONVERSATIONS)
def test_ids_are_those_of_the_saved_folder(own: Tokenizer, loaded: FastTokenizer, conversation: Conversation) -> None:
    labelled = Labeller(own)([TEMPLATE.render(conversation)])
    ids = loaded.apply_chat_template(plain(conversation.messages), tokenize=True, return_dict=False)
    assert ids == [own.token_to_id(BOS), *labelled.ids.tolist()]
    asked = loaded.apply_chat_template(
        plain(conversation.messages[:-1]), tokenize=True, add_generation_prompt=True, return_dict=False
    )
    assert asked == ids[: len(asked)]


@settings(max_examples=50, deadline=None)
@given(conversation=CONVERSATIONS)
def test_trained_tokens_spell_the_replies_with_loss(own: Tokenizer, conversation: Conversation) -> None:
    """A token over a border goes with its last character, so whole words per segment are compared."""
    spaced = [
        Message(
            role=message.role,
            segments=tuple(
                Segment(text=f"{part.text}.", capability=part.capability, loss=part.loss) for part in message.segments
            ),
        )
        for message in conversation.messages
    ]
    whole = Conversation(id="c", source="s", messages=tuple(spaced))
    labelled = Labeller(own)([TEMPLATE.render(whole)])
    expected = ""
    for message in spaced:
        if message.role == "assistant":
            expected += "".join(part.text for part in message.segments if part.loss)
            expected += END if message.segments[-1].loss else ""
    assert spelled(own, labelled) == expected


def spelled(own: Tokenizer, labelled: Labelled) -> str:
    """The characters of the trained tokens, without the spaces that were only imagined."""
    table = {letter: byte for byte, letter in byte_letters().items()}
    trained, fresh = b"", True
    for token, wanted in zip(map(own.id_to_token, labelled.ids.tolist()), labelled.trained, strict=True):
        mark = token in TEMPLATE.marks
        raw = token.encode() if mark else bytes(table[letter] for letter in token)
        text = raw.removeprefix(b" ") if fresh else raw
        trained += text if wanted else b""
        fresh = mark or raw.endswith(b"\n")
    return trained.decode()


def byte_letters() -> dict[int, str]:
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in kept]
    return {**{byte: chr(byte) for byte in kept}, **{byte: chr(256 + place) for place, byte in enumerate(others)}}


def talk(text: str, number: int = 0, turns: int = 1, loss: bool = True) -> Conversation:
    asked = Message(role="user", segments=(Segment(text=f"tool {text}"),))
    reply = Message(
        role="assistant",
        segments=(
            Segment(text="Thought: ", capability="format", loss=loss),
            Segment(text="i need it .", capability="reasoning", loss=loss, weight=0.5),
        ),
    )
    return Conversation(id=f"c{number}", source="s", group=f"g{number // 2}", messages=(asked, reply) * turns)


def corpus(folder: Path, items: Sequence[Conversation]) -> Path:
    with ConversationWriter(folder) as writer:
        writer.write(items)
    return folder


@pytest.mark.parametrize("room", [25, 40, 41, 42, 43, 44, 45, 60, 100, 200])
def test_a_cut_falls_behind_a_whole_reply_and_never_inside_a_format(tmp_path: Path, own: Tokenizer, room: int) -> None:
    item = talk("ka_lo", 0, turns=30)
    folder = corpus(tmp_path / "corpus", [item])
    assert tokenise(folder, tmp_path / "tokens", own, TEMPLATE, seed=0, max_length=room)["cut"] == 1
    kept = Tokens.open(tmp_path / "tokens").sequence(0)
    prefixes = [item.messages[:end] for end in range(2, 60, 2)]
    texts = [BOS + TEMPLATE.render(msgspec.structs.replace(item, messages=messages)).text for messages in prefixes]
    whole = [own.encode(text, add_special_tokens=False).ids for text in texts]
    assert kept.ids.tolist() == max((ids for ids in whole if len(ids) <= room), key=len)
    by_reply = np.diff(np.flatnonzero(np.diff(np.concatenate(([0], kept.trained, [0]))))[::2])
    assert len(set(by_reply.tolist())) <= 1  # each reply is trained as far as the first


def test_the_folder_on_disk(tmp_path: Path, own: Tokenizer) -> None:
    items = [talk("ka_lo", number) for number in range(40)]
    items += [talk("ka_lo", 40, turns=30), talk("ka_lo", 41, loss=False), talk("ka_lo " * 80, 42)]
    folder = corpus(tmp_path / "corpus", items)
    ledger = tokenise(folder, tmp_path / "tokens", own, TEMPLATE, validation_share=0.2, seed=0, max_length=100)
    tokens = Tokens.open(tmp_path / "tokens")
    assert len(tokens) == 41 == ledger["sequences"]
    assert tokens.names() == [f"c{number}" for number in range(41)]
    assert ledger["skipped"] == {"nothing_trained": 1, "too_long": 1}
    assert ledger["cut"] == 1
    stage = ledger["stages"][0]
    assert stage["in"] + stage["made"] == stage["out"] + sum(stage["dropped"].values()) == 43
    assert tokens.ids.dtype == np.uint16
    assert ledger["tokens"]["total"] == len(tokens.ids) == tokens.offsets[-1]
    assert ledger["tokens"]["trained"] == int(tokens.trained.sum())
    names = {code: name or "chat" for name, code in CODES.items()}
    counted = {name: int((tokens.trained & (tokens.capability == code)).sum()) for code, name in names.items()}
    assert ledger["tokens"]["by_capability"] == counted
    assert set(counted) == {"chat", *CAPABILITIES}
    first = tokens.sequence(0)
    assert own.decode(first.ids.tolist(), skip_special_tokens=False) == BOS + TEMPLATE.render(items[0]).text
    assert set(first.weight[first.trained].tolist()) == {0.5, 1.0}
    cut = tokens.sequence(40)
    assert 80 < len(cut.ids) <= 100
    assert own.decode(cut.ids.tolist(), skip_special_tokens=False).endswith(f"i need it .{END}\n ")
    held = dict(zip(tokens.names(), tokens.validation.tolist(), strict=True))
    assert all(held[f"c{number}"] == held[f"c{number + 1}"] for number in range(0, 40, 2))
    assert tokens.group.tolist() == [number // 2 for number in range(41)]
    assert 0 < sum(held.values()) == ledger["validation_sequences"] < 41
    assert load_tokenizer(tmp_path / "tokens" / "tokenizer").to_str() == own.to_str()


def test_the_same_again_is_the_same_bytes(tmp_path: Path, own: Tokenizer) -> None:
    folder = corpus(tmp_path / "corpus", [talk("ka_lo", number) for number in range(9)])
    for name in ("a", "b", "a"):
        tokenise(folder, tmp_path / name, own, TEMPLATE, seed=0, max_length=100)
    files = [path.relative_to(tmp_path / "a") for path in sorted((tmp_path / "a").rglob("*")) if path.is_file()]
    assert len(files) == 12
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


@pytest.mark.parametrize(("groups", "share", "held"), [(1, 0.5, 0), (2, 0.0, 0), (2, 1e-9, 1), (3, 1.0, 2)])
def test_one_group_at_least_validates_and_one_trains(
    tmp_path: Path, own: Tokenizer, groups: int, share: float, held: int
) -> None:
    folder = corpus(tmp_path / "corpus", [talk("re", 2 * number) for number in range(groups)])
    ledger = tokenise(folder, tmp_path / "t", own, TEMPLATE, validation_share=share, seed=0, max_length=100)
    assert ledger["validation_sequences"] == held


def test_nothing_to_train_is_one_sentence_and_leaves_nothing(tmp_path: Path, own: Tokenizer) -> None:
    folder = corpus(tmp_path / "corpus", [talk("ka_lo", loss=False)])
    with pytest.raises(Mistake, match="nothing to train: 1 nothing_trained"):
        tokenise(folder, tmp_path / "tokens", own, TEMPLATE, seed=0, max_length=100)
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_folder_that_is_none_is_named(tmp_path: Path, own: Tokenizer) -> None:
    for open_it in (load_tokenizer, Tokens.open):
        with pytest.raises(Mistake, match="nowhere: no such folder"):
            open_it(tmp_path / "nowhere")
    with pytest.raises(Mistake, match=r"has no tokenizer\.json; a model folder holds"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(Mistake, match="is not a JSON object"):
        load_tokenizer(tmp_path)
    folder = corpus(tmp_path / "corpus", [talk("ka_lo")])
    tokenise(folder, tmp_path / "tokens", own, TEMPLATE, seed=0, max_length=100)
    np.save(tmp_path / "tokens" / "trained.npy", np.zeros(3, np.bool_))
    with pytest.raises(Mistake, match=r"trained\.npy holds 3 values, not"):
        Tokens.open(tmp_path / "tokens")
    tokenise(folder, tmp_path / "tokens", own, TEMPLATE, seed=0, max_length=100)
    (tmp_path / "tokens" / "group.npy").unlink()  # as an earlier version left it
    with pytest.raises(Mistake, match=r"has no group\.npy; run `agentflan tokenise` \(again, if another version"):
        Tokens.open(tmp_path / "tokens")
    (tmp_path / "tokens" / "ids.npy").unlink()
    with pytest.raises(Mistake, match=r"tokens: has no ids\.npy"):
        Tokens.open(tmp_path / "tokens")


def test_a_foreign_tokenizer_keeps_its_bos_and_must_know_the_end_mark(
    tmp_path: Path, kinds: dict[str, Tokenizer]
) -> None:
    assert [bos_of(kinds[name]) for name in ("ours", "llama", "gpt")] == [BOS, "<s>", ""]
    folder = corpus(tmp_path / "corpus", [talk("ka_lo")])
    for name in ("llama", "gpt"):
        tokenise(folder, tmp_path / name, kinds[name], TEMPLATE, seed=0, max_length=200)
        loaded = AutoTokenizer.from_pretrained(tmp_path / name / "tokenizer")
        ids = loaded.apply_chat_template(plain(talk("ka_lo").messages), tokenize=True, return_dict=False)
        assert Tokens.open(tmp_path / name).sequence(0).ids.tolist() == ids
    bare = Tokenizer(models.BPE(vocab={"a": 0}, merges=[]))
    with pytest.raises(Mistake, match="is no token of this model"):
        tokenise(folder, tmp_path / "bare", bare, TEMPLATE, seed=0, max_length=200)


def test_a_vocabulary_too_small_for_the_bytes_is_refused() -> None:
    with pytest.raises(Mistake, match="cannot hold"):
        train_bpe(iter(LESSONS), 200, TEMPLATE)
