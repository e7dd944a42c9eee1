"""Text as a terminal was sent it -> text as a person saw it."""

from __future__ import annotations

_TITLE, _STYLE, _CHARSET = "]", "[", "()"
"""What follows the escape sign: an operating system command (it ends with BEL), a control sequence, a character set."""


def plain(text: str) -> str:
    """Without escape sequences and carriage returns at line ends. Linear; an unfinished sequence takes what it has."""
    head, *pieces = text.split("\x1b")
    return (head + "".join(map(_after_sequence, pieces))).replace("\r\n", "\n")


def _after_sequence(piece: str) -> str:
    kind = piece[:1]
    if kind == _TITLE:
        return piece.partition("\a")[2]
    if kind == _STYLE:
        end = next((at for at in range(1, len(piece)) if "@" <= piece[at] <= "~"), len(piece))
        return piece[end + 1 :]
    return piece[2:] if kind and kind in _CHARSET else piece[1:]
