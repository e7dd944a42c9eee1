"""Characters that are no part of a text: a byte order mark inside it, zero-width and control characters, lost bytes."""

from __future__ import annotations

INVISIBLE = "\ufeff\u200b\u2060\x00\x08\x0b\x0c\x0e\x0f\x7f"
"""Nothing that a person reads; joiners (ZWJ, ZWNJ) stay, for emoji and some scripts need them."""
LOST = "\ufffd"
"""What a decoder puts in the place of bytes it could not read."""
_GONE = dict.fromkeys(map(ord, INVISIBLE))


def invisible_in(text: str) -> bool:
    return not text.isprintable() and any(sign in text for sign in INVISIBLE)


def without_invisible(text: str) -> str:
    return text.translate(_GONE) if invisible_in(text) else text


def chinese_in(text: str) -> bool:
    """Chinese, Japanese or Korean script."""
    return not text.isascii() and any("\u3040" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7af" for sign in text)
