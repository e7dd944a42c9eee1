"""The form in which Agent-FLAN was published: rows of role, content and loss, in the seven splits of its release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Conversation, Dropped
from agentflan.exports.parts import splits
from agentflan.exports.parts.whole import whole_turns
from agentflan.sources.shapes.turns import flan_turn


class Agentflan(Plug, frozen=True):
    """A conversation -> `{id, conversation}` of its split; the schema is one and the same in every split.

    The recipe `release` builds a corpus with the published shares. The source `agent_flan` reads the rows back.
    """

    reads: ClassVar[Literal["conversations", "trajectories"]] = "conversations"
    carries: ClassVar[Carries] = Carries(messages=True)
    uniform: ClassVar[bool] = True

    def __call__(self, item: Conversation) -> Sequence[FileRow] | Dropped:
        turns = whole_turns(item)
        if isinstance(turns, Dropped):
            return turns
        split = splits.split_of(item)
        row = {"id": f"AgentFlan_{split}_{item.id}", "conversation": [flan_turn(turn) for turn in turns]}
        return [(f"{split}.jsonl", row)]

    def card(self, rows: Mapping[str, int]) -> str:
        held = {PurePath(file).stem: count for file, count in rows.items()}
        names = [*splits.PUBLISHED, *(name for name in held if name not in splits.PUBLISHED)]
        lines = [
            f"| `{name}` | {held.get(name, 0):,} | {splits.PUBLISHED.get(name, ('-',))[0]} | {splits.about(name)} |"
            for name in names
        ]
        shares = ", ".join(f"`{name}` {share:.1%}" for name, share in splits.shares(held).items()) or "it has none"
        table = "\n".join(["| split | rows | rows in the release | what it is |", "|---|---:|---:|---|", *lines])
        return f"""### Splits

{table}

A name says what the release has, not what is here: of ToolBench's agent rows this corpus has {shares}. The dialogues of
the release are {splits.BOTH_DIALOGUES:,} rows together. An observation of a tool is a turn of the user. The corpus was
not mixed by proportion: training on all splits together is plain concatenation, the "1 : 1" of the paper.

### Loss

A row is `{{id, conversation}}`, a turn `{{role, content, loss}}` with `role` one of `system`, `user`, `assistant`, and
`loss` true or false on every turn. It is false on system and user turns, elicit statements and observations included,
and true on replies of the assistant, those of negatives included, but for the replies that the corpus mutes.
Conversations with a reply that is trained in part are left out (`trained_in_part`): no muted text is ever trained."""
