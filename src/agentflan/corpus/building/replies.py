"""`replies.jsonl`: what language models have replied so far, a line for each paid reply, keyed by request digest.

A reply serves every item, arm and recipe that asks the same; which model gave it is written beside it. Remove lines to
have them asked again.
"""

from __future__ import annotations

from pathlib import Path

from agentflan.core import journal
from agentflan.core.types import Dropped, Record

NAME = "replies.jsonl"


class Answered(Record, frozen=True):
    """One request answered for good."""

    key: str
    """Digest of the request."""
    reply: str = ""
    fault: str = ""
    """Why there is no reply to use, such as `content_filter`: asking again would not change it."""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


def load(path: Path) -> dict[str, str | Dropped]:
    """Key -> the reply, or why the item that needs it is dropped; the last line of a key counts."""
    if not path.exists():
        return {}
    return {
        line.key: Dropped(line.fault, f"said {line.model}" if line.model else "") if line.fault else line.reply
        for line in journal.read(path, Answered)
    }
