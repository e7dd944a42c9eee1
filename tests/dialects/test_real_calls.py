"""The reader over all real replies beside the project: what it finds of the calls, and what it sees in plain words."""

from __future__ import annotations

import pytest

from agentflan.dialects.calls import reader
from tests.dialects.real_replies import FOLDER, SOURCES

COUNTS = {
    "when2call": (207, 621),
    "glaive": (522, 994),
    "hermes": (82, 98),
    "fireact": (1471, 0),
    "taubench": (4368, 866),
    "apibank": (678, 805),
}
"""(calls, plain replies) of each source, so that a reader of rows that loses some is seen."""


@pytest.mark.parametrize("source", SOURCES)
def test_real_calls_are_found_and_plain_replies_left_alone(source: str) -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"the real rows are not at {FOLDER}")
    read = [(real, reader.read(real.text, real.tools)) for real in SOURCES[source]()]
    calls = [any(each.call.name == real.calls for each in found.attempts) for real, found in read if real.calls]
    plain = [found.agent_form for real, found in read if not real.calls]
    assert (len(calls), len(plain)) == COUNTS[source]
    assert sum(calls) >= 0.99 * len(calls)
    assert sum(plain) <= 0.01 * len(plain)
