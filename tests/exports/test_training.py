"""The formats of training tools: what each of them, by its tool's rules, trains of a row is what the corpus trains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings

from agentflan.core import plugs
from agentflan.core.types import Conversation, Dropped, Message, Segment
from agentflan.corpus.exporting.account import held
from agentflan.corpus.exporting.export import export
from tests.drawn import CONVERSATIONS, plain
from tests.plugs.test_export_plugs import MUTED, TRANSFORMS, made

quick = settings(max_examples=80, deadline=None)


def written(name: str, item: Conversation) -> list[tuple[str, Any]] | Dropped:
    found: list[tuple[str, Any]] | Dropped = plugs.load("export", name)(item)
    return found


def trained(item: Conversation) -> list[list[bool]]:
    """For each message, whether each of its characters is trained."""
    return [
        [segment.loss and segment.weight > 0 for segment in message.segments for _ in segment.text]
        for message in item.messages
    ]


def whole(item: Conversation) -> list[bool]:
    """For each message, whether it is trained, of conversations without one that is trained in part."""
    return [True in flags for flags in trained(item)]


def in_part(item: Conversation) -> bool:
    return any(len(set(flags)) > 1 for flags in trained(item))


@quick
@given(CONVERSATIONS)
def test_axolotl_trains_exactly_the_trained_characters(item: Conversation) -> None:
    found = written("axolotl", item)
    assert not isinstance(found, Dropped)
    ((_, row),) = found
    assert [{"role": one["role"], "content": one["content"]} for one in row["messages"]] == plain(item.messages)
    for message, flags in zip(row["messages"], trained(item), strict=True):
        spans = message["training_detail"]
        if spans is None:
            assert flags == [message["training"]] * len(flags)
            continue
        assert message["training"]
        covered = [span["train"] for span in spans for _ in range(span["begin_offset"], span["end_offset"] + 1)]
        assert covered == flags
        assert [span["begin_offset"] for span in spans[1:]] == [span["end_offset"] + 1 for span in spans[:-1]]


@quick
@given(CONVERSATIONS)
def test_ms_swift_joins_the_parts_to_the_same_text_loss_and_weight(item: Conversation) -> None:
    found = written("ms_swift", item)
    if isinstance(found, Dropped):
        assert found.reason == "nothing_trained"
        assert not any(whole(item))
        return
    ((_, row),) = found
    parts = row["messages"]
    theirs = [
        (one["role"], character, (one["loss_scale"] or 1.0) if one["loss"] else 0.0)
        for one in parts
        for character in one["content"]
    ]
    ours = [
        (message.role, character, segment.weight if segment.loss else 0.0)
        for message in item.messages
        for segment in message.segments
        for character in segment.text
    ]
    last = max(place for place, one in enumerate(ours) if one[2])
    assert theirs == ours[: len(theirs)]
    assert len(theirs) > last
    # ms-swift trains the end mark of a last reply, whatever was muted before it
    assert parts[-1]["loss"] or (parts[-1]["role"], parts[-1]["content"]) == ("user", "")


@quick
@given(CONVERSATIONS)
def test_llamafactory_trains_all_replies_of_a_row_or_its_last(item: Conversation) -> None:
    found = written("llamafactory", item)
    if isinstance(found, Dropped):
        assert found.reason == ("trained_in_part" if in_part(item) else "nothing_trained")
        return
    seen = [False] * len(item.messages)
    for file, row in found:
        assert row["messages"] == plain(item.messages)[: len(row["messages"])]
        replies = [place for place, one in enumerate(row["messages"]) if one["role"] == "assistant"]
        for place in replies[-1:] if file == "agentflan_mask_history.jsonl" else replies:
            seen[place] = True
    assert seen == whole(item)


@quick
@given(CONVERSATIONS)
def test_trl_trains_all_replies_of_a_completion(item: Conversation) -> None:
    found = written("trl", item)
    if isinstance(found, Dropped):
        assert found.reason == ("trained_in_part" if in_part(item) else "nothing_trained")
        return
    seen = [0] * len(item.messages)
    for _, row in found:
        messages = row["prompt"] + row["completion"]
        assert messages == plain(item.messages)[: len(messages)]
        for place in range(len(row["prompt"]), len(messages)):
            seen[place] += messages[place]["role"] == "assistant"
    assert seen == whole(item)


@quick
@given(CONVERSATIONS)
def test_xtuner_trains_the_replies_with_a_loss(item: Conversation) -> None:
    found = written("xtuner", item)
    if isinstance(found, Dropped):
        assert in_part(item)
        return
    ((_, row),) = found
    assert [message["loss"] for message in row["messages"]] == whole(item)


def said(*replies: tuple[Segment, ...]) -> Conversation:
    messages: list[Message] = []
    for reply in replies:
        messages += [
            Message(role="user", segments=(Segment(text="?"),)),
            Message(role="assistant", segments=reply),
        ]
    return Conversation(id="c", source="s", messages=tuple(messages))


SAID, MUTE, HALF = Segment(text="yes", loss=True), Segment(text="no"), Segment(text="so", loss=True, weight=0.5)


def test_ms_swift_by_example() -> None:
    found = written("ms_swift", said((MUTE,), (SAID, HALF, MUTE), (MUTE,)))
    assert not isinstance(found, Dropped)
    assert [tuple(message.values()) for message in found[0][1]["messages"]] == [
        ("user", "?", None, None),
        ("assistant", "no", False, None),
        ("user", "?", None, None),
        ("assistant", "yes", True, None),
        ("assistant", "so", True, 0.5),
        ("assistant", "no", False, None),
        ("user", "", None, None),
    ]


def test_an_end_mark_that_is_muted_with_its_words_is_accounted_for() -> None:
    assert "ends" in held(said((SAID, MUTE)))
    assert "ends" not in held(said((MUTE, SAID), (MUTE,)))


def test_llamafactory_finds_its_files_by_dataset_info(tmp_path: Path) -> None:
    run = made(tmp_path, *TRANSFORMS[:2], MUTED)
    account = export(run, plugs.load("export", "llamafactory"), tmp_path / "out")
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert {entry["file_name"] for entry in info.values()} == set(account.rows)
    assert set(info) == {"agentflan", "agentflan_mask_history"}
    for entry in info.values():
        row = json.loads((tmp_path / "out" / entry["file_name"]).read_text().splitlines()[0])
        tags = entry["tags"]
        named = {tags["user_tag"], tags["assistant_tag"], tags["system_tag"]}
        assert {message[tags["role_tag"]] for message in row[entry["columns"]["messages"]]} <= named
        assert all(message[tags["content_tag"]] for message in row[entry["columns"]["messages"]])
    assert "mask_history: true" in (tmp_path / "out" / "README.md").read_text()


def test_axolotl_finds_its_fields_by_its_config(tmp_path: Path) -> None:
    export(made(tmp_path), plugs.load("export", "axolotl"), tmp_path / "out")
    (entry,) = yaml.safe_load((tmp_path / "out" / "axolotl.yaml").read_text())["datasets"]
    row = json.loads((tmp_path / "out" / entry["path"]).read_text().splitlines()[0])
    assert entry["type"] == "chat_template"
    for key in ("message_field_training", "message_field_training_detail"):
        assert entry[key] in row[entry["field_messages"]][0]
