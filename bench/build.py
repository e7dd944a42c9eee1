"""How fast rows become a corpus: read, fold, finished_only, converse, rebalance, write, on one core.

The rows are ToolBench-shaped, of about the size of the real ones, and generated here: what is measured is ours alone.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentflan.core.chance import coin, pick
from agentflan.corpus.building.build import build
from agentflan.corpus.engines.local import Local
from agentflan.corpus.settings import CorpusSettings, load_corpus

TRAJECTORIES = 24_703
"""As many as the paper's corpus has (section 4)."""
ROUNDS = 3
WORDS = "weather route price album match flight hotel recipe stock league river forecast ticket museum".split()
CHAIN = ({"use": "finished_only"}, {"use": "converse"}, {"use": "rebalance"})


def bench_build() -> Iterator[dict[str, object]]:
    """Rate and peak memory, each round in a process of its own; the second size shows whether memory stays flat."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.jsonl"), Path(folder, "large.jsonl")
        write_rows(small, TRAJECTORIES)
        write_rows(large, 2 * TRAJECTORIES)
        runs = [measure(small) for _ in range(ROUNDS)]
        peak_of_twice = measure(large)["peak_mb"]
    peak = statistics.median(run["peak_mb"] for run in runs)
    rate = TRAJECTORIES / statistics.median(run["seconds"] for run in runs)
    yield {
        "bench": "build_rows_per_s",
        "value": round(rate),
        "unit": "rows/s",
        "against": "the goal of 3,000",
        "ratio": round(rate / 3000, 2),
        "rounds": ROUNDS,
    }
    yield {
        "bench": "build_peak_mb",
        "value": round(peak),
        "unit": "MB",
        "against": "twice the rows",
        "ratio": round(peak_of_twice / peak, 2),
        "rounds": ROUNDS,
    }


def write_rows(path: Path, count: int) -> None:
    """`count` finished trajectories of three calls, as toolllama rows of 6.1 KB on average."""
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            stream.write(json.dumps(_row(number)) + "\n")


def _row(number: int) -> dict[str, object]:
    domain = number % 500  # real rows share their tool lists as well: 24,703 rows over a few thousand tools
    tools = [_tool(domain, index) for index in range(4)]
    turns: list[dict[str, str]] = [
        {
            "from": "system",
            "value": "You are AutoGPT, you can use many tools(functions) to do the following task.\n"
            + "Rules. " * 150
            + f"\nSpecifically, you have access to the following APIs: {[*tools, _FINISH]}",
        },
        {"from": "user", "value": f"\n{_sentence(number, 'query', 26)} ({number})\nBegin!\n"},
    ]
    for step in range(3):
        tool = tools[int(coin(number, step) * 4)]
        arguments = {name: _sentence(number, name + str(step), 2) for name in tool["parameters"]["properties"]}
        thought = _sentence(number, f"thought{step}", 26) if step % 2 == 0 else ""
        turns += [
            {
                "from": "assistant",
                "value": f"\nThought: {thought}\nAction: {tool['name']}\nAction Input: {json.dumps(arguments)}",
            },
            {"from": "function", "value": json.dumps({"error": "", "response": _sentence(number, f"seen{step}", 66)})},
        ]
    final = json.dumps({"return_type": "give_answer", "final_answer": _sentence(number, "answer", 36)})
    turns.append({"from": "assistant", "value": f"\nThought: \nAction: Finish\nAction Input: {final}"})
    return {"id": f"Step 9: {number}", "conversations": turns}


def _tool(domain: int, index: int) -> dict[str, Any]:
    name = f"{pick(WORDS, domain, index)}_{index}_for_{pick(WORDS, domain)}_{domain}"
    about = f'This is the subfunction for tool "x", you can use this tool.The description of this function is: "{name}"'
    properties = {key: {"type": "string", "description": _sentence(domain, key, 6)} for key in ("place", "day")}
    return {
        "name": name,
        "description": about,
        "parameters": {"type": "object", "properties": properties, "required": ["place"], "optional": ["day"]},
    }


_FINISH = {"name": "Finish", "description": "Give the answer.", "parameters": {"type": "object", "properties": {}}}


def _sentence(number: int, what: str, words: int) -> str:
    start = int(coin(number, what) * len(WORDS))
    return " ".join(WORDS[(start + step * (1 + number % 7)) % len(WORDS)] for step in range(words))


def measure(rows: Path, workers: int = 1) -> dict[str, float]:
    """Seconds of a build of these rows, in a process of its own, and the peak memory of its largest process in MB."""
    command = [sys.executable, "-m", "bench.build", str(rows), str(workers)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(told.stdout)
    return measured


def _child(rows: Path, workers: int) -> dict[str, float]:
    settings = CorpusSettings(sources=({"use": "toolbench", "path": str(rows)},), transforms=CHAIN)
    corpus = load_corpus(settings, folder=Path(), seed=0)
    with tempfile.TemporaryDirectory(dir=rows.parent) as out:
        start = time.perf_counter()
        build(corpus, Path(out), engine=Local(workers=workers))
        seconds = time.perf_counter() - start
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"seconds": seconds, "peak_mb": max(peaks) / 1024}


if __name__ == "__main__":
    print(json.dumps(_child(Path(sys.argv[1]), int(sys.argv[2]))))
