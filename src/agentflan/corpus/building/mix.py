"""The shares of the corpus (paper section 5.1: ShareGPT : agent = 1 : 1, by which its authors meant concatenation)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentflan.core.chance import coin
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Dropped, Trajectory
from agentflan.corpus.settings import Mix


class Thin(Plug, frozen=True):
    """A Group over the whole corpus: keeps exactly as many of each share as the mix allows, chosen by coins."""

    mix: Mix
    seed: int = 0

    def note(self, item: Trajectory | Conversation) -> tuple[str, Any] | None:
        share = item.source if self.mix.mode == "temperature" else "general" if item.kind == "general" else "agent"
        return "", [share, coin(self.seed, "mix", item.id)]

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        shares: dict[str, list[tuple[float, int]]] = {}
        for number, (share, chance) in notes:
            shares.setdefault(share, []).append((chance, number))
        for share, allowed in self.allowed({share: len(members) for share, members in shares.items()}).items():
            for _, number in sorted(shares[share])[allowed:]:
                yield number, share

    def allowed(self, sizes: dict[str, int]) -> dict[str, int]:
        """Rows to keep of each share: as many as the proportions allow without repeating any."""
        if self.mix.mode == "temperature":
            parts = {share: size ** (1 / self.mix.temperature) for share, size in sizes.items()}
        else:
            parts = {share: getattr(self.mix, share) for share in sizes}
        scale = min((sizes[share] / parts[share] for share in sizes), default=0.0)  # the chain may leave nothing
        return {share: min(sizes[share], round(scale * parts[share])) for share in sizes}

    def apply(self, item: Trajectory | Conversation, verdict: str) -> Dropped:
        return Dropped(reason="mix", detail=f"more of the share {verdict} than the mix asks for")
