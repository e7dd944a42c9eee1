"""The harness's tasks under our runner give what the harness itself gives, from a folder and from a URL, offline."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import lm_eval
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import Reply
from agentflan.evals.harness import data
from agentflan.evals.run import evaluate
from agentflan.models.hf import Hf
from agentflan.models.http import Http
from tests.evals import needs
from tests.evals.completions import completions
from tests.models.serving import serving

TASKS = Path(lm_eval.__file__).parent / "tasks"
NAMES = ("gsm8k", "humaneval", "mmlu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights whose tokens are bytes, so that no two letters are the same to it."""
    place = tmp_path_factory.mktemp("model") / "model"
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: index for index, letter in enumerate(["<end>", *letters])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")
    fast.save_pretrained(place)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(letters) + 1,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.6,
    )
    LlamaForCausalLM(config).save_pretrained(place)
    return place


def by_the_harness(folder: Path, cache: Path, splits: tuple[str, ...], *names: str) -> list[dict[str, Any]]:
    """What the harness's own evaluator logs of each record, over the sample's files."""
    cache.mkdir()
    for name in names:
        sample = data.sample(name.replace("mmlu_", "mmlu/"))
        kwargs = {
            "data_files": {split: str(sample / f"{split}.jsonl") for split in splits},
            "cache_dir": str(cache / name),
        }
        yaml = TASKS / ("gsm8k" if name == "gsm8k" else "mmlu/default") / f"{name}.yaml"
        task = {"include": str(yaml), "task": f"local_{name}", "dataset_path": "json", "dataset_name": None}
        (cache / f"{name}.yaml").write_text(json.dumps(task | {"dataset_kwargs": kwargs}))
    model = AutoModelForCausalLM.from_pretrained(folder)
    lm = HFLM(pretrained=model, tokenizer=AutoTokenizer.from_pretrained(folder), batch_size=4)
    manager = TaskManager(include_path=str(cache), include_defaults=False)
    tasks = [f"local_{name}" for name in names]
    done = lm_eval.simple_evaluate(lm, tasks=tasks, num_fewshot=5, task_manager=manager, bootstrap_iters=0)
    assert done
    return [sample for task in tasks for sample in done["samples"][task]]


def kept(run: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "evals" / name / "transcripts.jsonl").read_text().splitlines()]


def prompts(lines: list[dict[str, Any]]) -> list[str]:
    return [line["problem"]["messages"][0]["segments"][0]["text"] for line in lines]


def test_mmlu_is_what_the_harness_makes_of_it(folder: Path, tmp_path: Path) -> None:
    samples = by_the_harness(folder, tmp_path / "cache", ("dev", "test"), "mmlu_astronomy", "mmlu_computer_security")
    metrics = evaluate(Hf(path=folder, batch_size=4), plugs.load("benchmark", "mmlu"), tmp_path)
    lines = kept(tmp_path, "mmlu")
    assert prompts(lines) == [sample["arguments"][0][0] for sample in samples]
    chosen = ["ABCD"[max(range(4), key=lambda n: float(sample["resps"][n][0][0]))] for sample in samples]
    assert [line["reply"]["text"] for line in lines] == chosen
    assert len(set(chosen)) > 1
    assert metrics["accuracy"] == sum(sample["acc"] for sample in samples) / len(samples)


def test_gsm8k_is_what_the_harness_makes_of_it(folder: Path, tmp_path: Path) -> None:
    samples = by_the_harness(folder, tmp_path / "cache", ("train", "test"), "gsm8k")
    metrics = evaluate(Hf(path=folder, batch_size=4), plugs.load("benchmark", "gsm8k"), tmp_path)
    lines = kept(tmp_path, "gsm8k")
    for name, metric in (("strict-match", "strict_match"), ("flexible-extract", "flexible_extract")):
        theirs = [sample for sample in samples if sample["filter"] == name]
        assert prompts(lines) == [sample["arguments"][0][0] for sample in theirs]
        assert [line["reply"]["text"] for line in lines] == [sample["resps"][0][0] for sample in theirs]
        assert metrics[metric] == sum(sample["exact_match"] for sample in theirs) / len(theirs)


@needs.sandbox
def test_a_url_gives_what_the_folder_gives(folder: Path, tmp_path: Path) -> None:
    with completions(folder) as url:
        for name in NAMES:
            benchmark = plugs.load("benchmark", name)
            near = evaluate(Hf(path=folder), benchmark, tmp_path / "folder")
            far = evaluate(Http(url=url, model="tiny", concurrency=2), benchmark, tmp_path / "url")
            told = [
                {line["problem"]["id"]: line["reply"]["text"] for line in kept(tmp_path / place, name)}
                for place in ("folder", "url")
            ]
            assert told[0] == told[1]
            assert {key: value for key, value in far.items() if "faults" not in key} == {
                key: value for key, value in near.items() if "faults" not in key
            }


def test_a_prompt_that_is_too_long_is_counted_as_such(folder: Path, tmp_path: Path) -> None:
    short = tmp_path / "short"
    shutil.copytree(folder, short)
    config = json.loads((short / "config.json").read_text())
    (short / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 1024}))
    metrics = evaluate(Hf(path=short), plugs.load("benchmark", "gsm8k"), tmp_path / "run")
    assert metrics["faults/context_overflow"] == metrics["n"] == 5


def test_the_hubs_own_files_are_read(tmp_path: Path) -> None:
    """Parquet in the folders of the hub's data set gives the same problems as the sample's lines."""
    for name, inner in (("gsm8k", "main"), ("humaneval", "openai_humaneval")):
        for path in data.sample(name).iterdir():
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            place = tmp_path / name / inner / f"{path.stem}-00000-of-00001.parquet"
            place.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows), place)
        benchmark = plugs.load("benchmark", {"use": name, "path": tmp_path / name})
        assert benchmark.problems() == plugs.load("benchmark", name).problems()
        assert len(benchmark.notes()["data"]) > 20


@pytest.mark.parametrize("name", NAMES)
def test_data_that_are_not_there_are_a_mistake(name: str, tmp_path: Path) -> None:
    with pytest.raises(Mistake):
        plugs.load("benchmark", {"use": name, "path": tmp_path}).problems()
    with pytest.raises(Mistake):
        plugs.load("benchmark", {"use": name, "path": tmp_path / "nowhere"}).problems()


def test_a_record_without_its_keys_is_named(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text('{"question": "?"}\n')
    with pytest.raises(Mistake, match="no 'answer'") as caught:
        plugs.load("benchmark", {"use": "gsm8k", "path": tmp_path}).problems()
    assert caught.value.where.endswith("train.jsonl:1")


def test_a_sample_is_noted_as_one() -> None:
    for name in NAMES:
        notes = plugs.load("benchmark", name).notes()
        assert notes["data"] == "sample"
        assert notes["harness"].startswith("lm_eval ")
    assert plugs.load("benchmark", "mmlu").notes()["comparable"] == "with nothing published: 2 of 57 subjects"
    with pytest.raises(Mistake, match="did you mean 'astronomy'"):
        plugs.load("benchmark", {"use": "mmlu", "subjects": ["astronomi"]})


def test_a_number_of_ten_million_signs_is_wrong_at_once() -> None:
    benchmark = plugs.load("benchmark", "gsm8k")
    problem = benchmark.problems()[0]
    began = time.process_time()
    assert benchmark.score(problem, Reply(text="#### " + "1" * 10_000_000)).values == {
        "strict_match": 0,
        "flexible_extract": 0,
    }
    assert time.process_time() - began < 5


@needs.sandbox
@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("    return sorted(values)[len(values) // 2]\n", 1),
        ("    return sorted(values)[len(values) // 2]\ndef other(): this is no Python", 1),  # behind a stop string
        ("    return 2\n", 0),
        ("    raise SystemExit(0)\n", 0),
        ("    import os; os._exit(0)\n", 0),
        ("    while True: pass\n", 0),
        ("    return sorted(values)[len(values) // 2]" + " " * 300_000, 0),
        ("    \x00\ud800", 0),
    ],
)
def test_a_function_passes_only_by_its_tests(said: str, passed: int) -> None:
    benchmark = plugs.load("benchmark", {"use": "humaneval", "seconds": 1.0})
    assert benchmark.score(benchmark.problems()[0], Reply(text=said)).values == {"pass@1": passed}


@needs.sandbox
def test_nothing_of_a_reply_runs_in_our_process(tmp_path: Path) -> None:
    """A reply that leaves a file wherever it runs leaves none, and the module that would run it is not loaded."""
    trace = tmp_path / "trace"
    benchmark = plugs.load("benchmark", "humaneval")
    said = f"    open({str(trace)!r}, 'w')\n    return sorted(values)[len(values) // 2]\n"
    assert benchmark.score(benchmark.problems()[0], Reply(text=said)).values == {"pass@1": 0}
    assert not trace.exists()
    assert not [name for name in sys.modules if "code_eval" in name or name == "lm_eval.tasks.humaneval.utils"]


def test_a_servers_faults_are_no_wrong_answers(tmp_path: Path) -> None:
    benchmark = plugs.load("benchmark", "gsm8k")
    with serving(tmp_path, script=["500", "html", "no_choice", "429"]) as server:
        first = evaluate(Http(url=server.url, model="any", concurrency=1, retries=0), benchmark, tmp_path)
        again = evaluate(Http(url=server.url, model="any", concurrency=1, retries=0), benchmark, tmp_path)
    assert (first["faults/infrastructure"], first["n"]) == (3, 2)
    assert (again["faults"], again["n"]) == (0, 5)
    assert server.outcomes() == {"500": 1, "html": 1, "no_choice": 1, "429": 1, "ok": 5}


def test_a_server_that_tells_no_likelihoods_cannot_choose(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        model = Http(url=server.url, model="any", concurrency=1, retries=0)
        with pytest.raises(Mistake, match="every request fails"):
            evaluate(model, plugs.load("benchmark", "mmlu"), tmp_path)
