"""The table of the sources says what the build wrote: every row of a source is kept or has left under a reason."""

from __future__ import annotations

import pytest

from agentflan.core import plugs
from agentflan.core.kinds import RunFolder
from agentflan.corpus.building.build import build
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import train_bpe
from agentflan.report.markup import share
from agentflan.report.sources import sources
from tests.corpus.test_build import row, written
from tests.report.html_text import Page

CHAIN = ("duplicates", "finished_only", {"use": "converse", "react_share": 1.0})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Searches, of which one gave up and one is none; chats, of which two are alike and one is broken. With tokens."""
    folder = tmp_path_factory.mktemp("run")
    searches = [*(row(number, steps=2) for number in range(5)), row(9, end="give_up_and_restart"), {"id": "?"}]
    chats = [
        {"conversations": [{"from": "human", "value": f"Say {each}."}, {"from": "gpt", "value": each}]}
        for each in "abcA"
    ]
    files = written(folder, searches, "searches.jsonl"), written(folder, chats, "chats.jsonl")
    files[1].write_text(files[1].read_text() + '{"conversations": [\n')
    settings = CorpusSettings(
        sources=(
            {"use": "toolbench", "path": str(files[0])},
            {"use": "sharegpt", "path": str(files[1]), "licence": "MIT"},
        ),
        transforms=CHAIN,
    )
    corpus = load_corpus(settings, folder=folder, seed=0)
    build(corpus, folder / "run")
    texts = [corpus.template.render(each).text for each in conversations(folder / "run" / "corpus")]
    tokenizer = train_bpe(texts, 300, corpus.template)
    place = folder / "run"
    tokenise(
        place / "corpus", place / "tokens", tokenizer, corpus.template, validation_share=0, seed=0, max_length=4000
    )
    return RunFolder("run", 0, place)


def test_every_row_is_kept_or_has_left(run: RunFolder) -> None:
    found = sources(run)
    assert list(found) == ["toolbench", "sharegpt"]
    for source in found.values():
        assert source.rows == source.kept + source.dropped.total() + source.quarantined.total()
    search, chat = found.values()
    assert (search.rows, search.usable, search.kept) == (7, 6, 5)
    assert (search.dropped["gave_up"], chat.dropped["duplicate"]) == (1, 1)
    assert (chat.rows, chat.usable, chat.kept, dict(chat.quarantined)) == (5, 4, 3, {"broken_json": 1})
    assert (search.licences, chat.licences) == ({"Apache-2.0"}, {"MIT"})


def test_steps_thoughts_and_tokens_are_those_of_the_kept(run: RunFolder) -> None:
    search, chat = sources(run).values()
    assert (search.agents, search.steps, search.thoughts) == (5, 15, 10)
    assert (chat.agents, chat.steps) == (0, 0)
    tokens = Tokens.open(run.folder / "tokens")
    assert search.sequences + chat.sequences == len(tokens) == 8
    assert search.tokens + chat.tokens == len(tokens.ids)
    assert search.tokens / 5 > chat.tokens / 3


def test_columns_stand_where_their_stage_ran(run: RunFolder) -> None:
    text = Page(plugs.load("panel", "quality")([run])).text
    assert "duplicates" in text
    assert "near-duplicates" not in text
    assert "contaminated" not in text


@pytest.mark.parametrize(("part", "said"), [(2143, "99.95"), (2144, "100.0"), (1072, "50.0")])
def test_a_share_of_what_is_not_all_is_never_all(part: int, said: str) -> None:
    assert share(part, 2144).startswith(said)
