"""`python -m agentflan.models.faulty [--port N] [--plan JSON] [--log FILE]`: serves on 127.0.0.1 until it is stopped.

The first line on stdout is the URL for a recipe's `ask:`. A plan is a JSON object, such as
`{"faults": {"500": 0.1, "hang": 0.02}, "rate": 20}`; without one the server is a well-behaved stand-in for a model.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from agentflan.core.journal import Journal
from agentflan.models.faulty.plan import Plan
from agentflan.models.faulty.server import Call, Faulty


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m agentflan.models.faulty", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--plan", default="{}", help="faults and rate, as JSON")
    parser.add_argument("--log", type=Path, help="keep a line for each request in this file")
    asked = parser.parse_args()
    try:
        plan = msgspec.json.decode(asked.plan, type=Plan, strict=False)
    except msgspec.DecodeError as error:
        parser.error(f"--plan: {error}")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(asked.port, plan, asked.log))


async def _serve(port: int, plan: Plan, log: Path | None) -> None:
    with contextlib.ExitStack() as stack:
        keep = stack.enter_context(Journal(log, Call)).append if log else lambda _: None
        faulty = Faulty(plan, keep, asyncio.get_running_loop().time())
        server = await asyncio.start_server(faulty.serve, "127.0.0.1", port)
        host, port = server.sockets[0].getsockname()
        sys.stdout.write(f"http://{host}:{port}/v1\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    main()
