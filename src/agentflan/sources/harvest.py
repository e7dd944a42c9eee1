"""What `agentflan harvest` writes: episodes that went well, each a trajectory with where it comes from."""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.plugs import Plug
from agentflan.core.types import Record, Trajectory
from agentflan.sources.shapes.turns import decoded


class Origin(Record, frozen=True):
    """Where an episode was played, by whom, and how well: a model that trains on it is no longer measured there."""

    benchmark: str
    version: str
    problem: str
    model: str
    """The model's identity, as the transcripts have it."""
    score: float
    metric: str
    """What the score is of."""
    run: str
    """Name of the run's folder."""
    transcript: str
    """Digest of what was said and shown, and of all that the model was told before."""


class Harvested(Record, frozen=True):
    """A row."""

    harvested: Origin
    trajectory: Trajectory


class Harvest(Plug, frozen=True):
    """A row -> its trajectory, nothing changed; steps stay in the grammar of their world."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "unstated"

    def __call__(self, row: bytes) -> Trajectory:
        found = decoded(_ROWS, row).trajectory
        return msgspec.structs.replace(found, kind=self.role, licence=self.licence)


_ROWS = msgspec.json.Decoder(Harvested)
