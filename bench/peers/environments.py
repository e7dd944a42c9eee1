"""An environment for each tool, made when it is first asked for: published packages by name and version, nothing else.

They lie in `.peers/`, which git ignores. A tool comes without its own list of needs, most of which serve pictures,
sound and graphics cards; beside it comes what its data code imports, in versions that it allows.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".peers"


class Peer(NamedTuple):
    package: str
    needs: tuple[str, ...]


PEERS = {
    "trl": Peer("trl==1.16.0", ("torch==2.13.0", "transformers==5.23.0", "datasets==5.2.0", "accelerate==1.15.0")),
    # Later ones import torchaudio, whose published wheel wants the CUDA build of torch.
    "llamafactory": Peer(
        "llamafactory==0.9.3",
        (
            *("torch==2.13.0", "transformers==4.52.4", "datasets==3.6.0", "accelerate==1.7.0", "peft==0.15.2"),
            *("trl==0.9.6", "numpy==1.26.4", "pyarrow==20.0.0", "omegaconf==2.3.0", "scipy", "pillow"),
        ),
    ),
    "ms_swift": Peer(
        "ms-swift==4.6.0",
        (
            *("torch==2.13.0", "transformers==5.19.0", "datasets==4.8.4", "accelerate==1.15.0", "peft==0.20.0"),
            *("trl==0.29.1", "modelscope==1.40.2", "json-repair", "simplejson", "sentencepiece", "pillow", "zstandard"),
        ),
    ),
    "axolotl": Peer(
        "axolotl==0.19.0",
        (
            *("torch==2.13.0", "transformers==5.16.1", "datasets==4.8.4", "accelerate==1.13.0", "addict", "colorama"),
            *("pydantic==2.12.5",),
        ),
    ),
    # Of torchvision it imports transforms of pictures; 0.15 does so without its compiled part.
    "xtuner": Peer(
        "xtuner==0.2.0 torchvision==0.15.2",
        (
            *("torch==2.13.0", "transformers==4.48.0", "datasets==3.2.0", "peft==0.14.0", "mmengine==0.10.6"),
            *("einops", "loguru", "sentencepiece", "scikit-image"),
        ),
    ),
    # Serves nothing but evaluations, so it comes with all that it asks for.
    "inspect_ai": Peer("inspect_ai==0.3.285", ("inspect_ai==0.3.285", "openai==3.57.0")),
}


class UnavailableError(Exception):
    """A tool cannot be measured here; the message says why."""


def python_of(name: str) -> Path:
    """The Python that has the tool. Raises `UnavailableError` where it cannot be installed."""
    peer = PEERS[name]
    folder = FOLDER / name
    mark = folder / "installed.txt"
    wanted = "\n".join([*peer.needs, peer.package])
    python = folder / "bin" / "python"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--no-compile", *peer.needs)
        _run(str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", *peer.package.split())
        mark.write_text(wanted, encoding="utf-8")
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("ERROR")]
        raise UnavailableError(f"{' '.join(command[-3:])}: {(said or ['failed'])[-1]}")
