"""Leave out items in which lints of the given codes find something (`agentflan check --codes` lists them)."""

from __future__ import annotations

from agentflan.core.errors import nearest
from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped
from agentflan.lints.catalogue import CATALOGUE
from agentflan.lints.find import lint


class DropLints(Plug, frozen=True):
    """Before `converse` trajectories are looked at, after it conversations; lints of raw rows (AF204 to AF212, AF6xx,
    AF7xx) are gone by then."""

    codes: tuple[str, ...]
    """Such as `[AF102, AF401]`; the first that is found is the reason in the ledger."""

    def __post_init__(self) -> None:
        for code in self.codes:
            if code not in CATALOGUE:
                raise ValueError(f"there is no lint {code!r}; {nearest(code, CATALOGUE)}")

    def __call__(self, item: Item) -> Item | Dropped:
        found = next((each for each in lint(item) if each.code in self.codes), None)
        return item if found is None else Dropped(found.code, found.place)
