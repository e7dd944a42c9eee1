"""Real processes that train together, as torchrun starts them, on this machine's loopback alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


def torchrun(processes: int, *words: str) -> subprocess.CompletedProcess[str]:
    launch = ["torch.distributed.run", f"--nproc-per-node={processes}", "--master-addr=127.0.0.1"]
    command = [sys.executable, "-m", *launch, f"--master-port={_free_port()}", *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
