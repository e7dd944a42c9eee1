"""The tour of the house: one raw row from the disk to a score. Read it from the top, with `core/types.py` beside it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agentflan.core import plugs
from agentflan.core.types import Answer, Conversation, Message, Problem, Segment, Step, ToolCall, Trajectory
from agentflan.corpus.building.build import build
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import train_bpe
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted
from agentflan.report.page import write_report
from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings

TOOL = {
    "name": "forecast_for_weather",
    "description": "Tells tomorrow's weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
ROW = {
    "id": "Step 5: weather",
    "conversations": [
        {"from": "system", "value": f"Rules.\nSpecifically, you have access to the following APIs: {[TOOL]}"},
        {"from": "user", "value": "\nWill it rain in Oslo?\nBegin!\n"},
        {
            "from": "assistant",
            "value": '\nThought: I need the forecast.\nAction: forecast_for_weather\nAction Input: {"city": "Oslo"}',
        },
        {"from": "function", "value": '{"error": "", "response": "rain"}'},
        {
            "from": "assistant",
            "value": "\nThought: \nAction: Finish\nAction Input: "
            '{"return_type": "give_answer", "final_answer": "Yes, it will rain in Oslo."}',
        },
    ],
}


def test_one_row_from_disk_to_score(tmp_path: Path) -> None:
    # Floor 2, a source: a raw row becomes a Trajectory, free of the text format it was written in.
    trajectory = plugs.load("source", "toolbench")(json.dumps(ROW).encode())
    assert isinstance(trajectory, Trajectory)
    assert trajectory.query == "Will it rain in Oslo?"
    assert [tool.name for tool in trajectory.tools] == ["forecast_for_weather"]
    call, answer = trajectory.steps
    assert call.thought == "I need the forecast."
    assert call.action == ToolCall(name="forecast_for_weather", arguments='{"city": "Oslo"}')
    assert call.observation == '{"error": "", "response": "rain"}'
    assert answer.action == Answer(text="Yes, it will rain in Oslo.")
    assert trajectory.ending == "answer"

    # Floor 1, a dialect: writes a step as messages and reads it back. `talk` asks for each part in turn (section 4.1).
    talk = plugs.load("dialect", "talk")
    messages = talk.write(call, trajectory.tools, key="any key")
    assert [message.role for message in messages[:4]] == ["user", "assistant", "user", "assistant"]
    assert [message.segments[0].capability for message in messages[:4]] == [
        "reasoning",
        "reasoning",
        "retrieval",
        "retrieval",
    ]
    assert talk.read(messages) == msgspec.structs.replace(call, observation=None)

    # Floor 3, the corpus: sources, transforms and the books, over any number of rows, here over a dozen alike.
    rows = tmp_path / "rows.json"
    towns = ["Oslo", "Rome", "Lima", "Cairo", "Quito", "Delhi", "Paris", "Tokyo", "Accra", "Baku", "Sofia", "Riga"]
    rows.write_text(json.dumps([json.loads(json.dumps(ROW).replace("Oslo", town)) for town in towns]))
    settings = CorpusSettings(
        sources=({"use": "toolbench", "path": str(rows)},),
        transforms=("finished_only", {"use": "converse", "react_share": 0.5}),
        validation_share=0.2,
    )
    corpus = load_corpus(settings, folder=tmp_path, seed=0)
    run = tmp_path / "run"
    ledger = build(corpus, run)
    assert [(stage["name"], stage["in"], stage["out"]) for stage in ledger["stages"]] == [
        ("read", 12, 12),
        ("fold", 12, 12),
        ("finished_only", 12, 12),
        ("converse/share", 12, 12),
        ("converse/write", 12, 12),
    ]
    built: list[Conversation] = list(conversations(run / "corpus"))
    assert sum("Action: forecast_for_weather" in _text(each) for each in built) == 6  # half of them stay ReAct

    # Floor 1 again, a template: the conversation as one text with spans; then tokens, each with its capability.
    rendered = corpus.template.render(built[0])
    assert rendered.text.startswith("<|Human|>")
    assert "".join(rendered.text[span.start : span.end] for span in rendered.spans) == rendered.text
    tokenizer = train_bpe((corpus.template.render(each).text for each in built), 400, corpus.template)
    tokenise(run / "corpus", run / "tokens", tokenizer, corpus.template, validation_share=0.2, seed=0, max_length=1000)
    tokens = Tokens.open(run / "tokens")
    assert set(np.unique(tokens.capability)) == {0, 1, 2, 3, 4}
    assert 0 < tokens.trained.sum() < len(tokens.ids)

    # Floor 4, training: a small model, its loss kept per capability.
    scratch = ModelSettings(scratch=Scratch(hidden_size=32, layers=1, heads=2, intermediate_size=64))
    tuned = TrainSettings(
        model=scratch, steps=20, batch_size=4, learning_rate=1e-2, warmup_from=1e-3, log_every=5, threads=1
    )
    train(tuned, run / "tokens", run)
    lines = [json.loads(line) for line in (run / "train" / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss_by_capability"]["reasoning"] for line in lines if "loss" in line]
    assert losses[-1] < losses[0]

    # Floor 4, evaluation: problems to a model, replies to a benchmark. The model here is a script that knows the gold.
    metrics = evaluate(Scripted(policy="gold"), plugs.load("benchmark", {"use": "agent_h", "count": 50}), run)
    assert metrics["right_tool"] == 1.0
    assert metrics["balanced"] == 1.0

    # Floor 5, the report: one page made of the files alone.
    page = write_report(run).read_text(encoding="utf-8")
    assert "finished_only" in page
    assert "src=" not in page.replace('src="data:', "")  # it opens offline

    # Floors 6 and 7, recipes and commands, do all this from one YAML file: `agentflan run recipe.yaml -o run`.


def test_a_dialect_reads_what_a_model_says() -> None:
    reply = Message(role="assistant", segments=(Segment(text="Thought: Rain?\nAction: forecast\nAction Input: {}"),))
    assert plugs.load("dialect", "react").read([reply]) == Step(
        thought="Rain?", action=ToolCall(name="forecast", arguments="{}")
    )
    plain = Message(role="assistant", segments=(Segment(text="It will rain."),))
    assert plugs.load("dialect", "react").read([plain]) == Step(action=Answer(text="It will rain."))


def test_a_problem_is_a_prompt_with_its_gold() -> None:
    problem: Problem = plugs.load("benchmark", {"use": "agent_h", "count": 5}).problems()[0]
    assert problem.messages[-1].role == "user"
    assert problem.circumstance is not None


def _text(conversation: Conversation) -> str:
    return "".join(segment.text for message in conversation.messages for segment in message.segments)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
