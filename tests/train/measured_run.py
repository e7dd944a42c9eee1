"""A real run whose memory is measured; `test_memory.py` starts it in a process of its own and reads what it prints."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from agentflan.train.run import train
from agentflan.train.settings import TrainSettings
from tests.train.tokens_folder import write


def now(name: str) -> int:
    """Bytes in memory: `VmRSS` now, `VmHWM` at most since it was reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def run(home: Path, sizes: dict[str, int], told: dict[str, object], length: int) -> None:
    own = {name: size for name, size in sizes.items() if name != "vocabulary"}
    scratch = {**own, "heads": 4, "tie": False, "max_positions": length}
    settings = msgspec.convert(
        {
            **told,
            "model": {"scratch": scratch},
            "steps": 2,
            "sequence_length": length,
            "threads": 1,
            "validate_every": 0,
            "save_every": 0,
        },
        TrainSettings,
    )
    write(home / "tokens", settings.batch_size, words=sizes["vocabulary"], length=length)
    train(settings, home / "tokens", home / "run")


torch.set_num_threads(1)
asked = json.loads(sys.argv[1])
with TemporaryDirectory() as place:
    tiny = {"hidden_size": 16, "layers": 1, "intermediate_size": 16, "vocabulary": 64}
    run(Path(place) / "first", tiny, asked["told"], 16)  # whatever is loaded late is loaded now
    gc.collect()
    before = now("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    run(Path(place) / "second", asked["sizes"], asked["told"], asked["length"])
    sys.stdout.write(str(now("VmHWM") - before))
