"""What a contestant did, and the table of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

HEAD = (
    *("contestant", "tokens/s", "trained tokens/s", "MFU", "peak GiB", "layers again"),
    *("loss", "off the reference", "what"),
)


class Result(NamedTuple):
    name: str
    what: str
    status: str
    """`done`, `skipped`, `failed` or `late`."""
    why: str = ""
    tokens_per_second: float | None = None
    """Without padding."""
    trained_tokens_per_second: float | None = None
    mfu: float | None = None
    """FLOPs that the step's products need, over what the card's maker promises in bfloat16; None for unknown cards."""
    gflop_a_token: float | None = None
    """Of the step, forward and backward, the head at trained places alone; what is worked out again does not count."""
    seconds_a_step: float | None = None
    peak_gib: float | None = None
    checkpointing: bool | None = None
    """Whether layers had to be worked out again in backward for want of memory."""
    loss: float | None = None
    off: float | None = None
    """The loss's relative distance from that of the reference."""
    product_tflops: float | None = None
    """Of a large product on this card, by the reference."""

    def with_speed(
        self, seconds: float, tokens: int, trained: int, flops: float, peak: float | None, checkpointing: bool
    ) -> Self:
        return self._replace(
            tokens_per_second=round(tokens / seconds, 1),
            trained_tokens_per_second=round(trained / seconds, 1),
            mfu=None if peak is None else round(flops / seconds / peak, 4),
            gflop_a_token=round(flops / tokens / 1e9, 4),
            seconds_a_step=round(seconds, 4),
            checkpointing=checkpointing,
        )

    def with_product(self, tflops: float | None) -> Self:
        return self._replace(product_tflops=None if tflops is None else round(tflops, 1))

    def beside(self, reference: float | None) -> Self:
        if self.loss is None or reference is None:
            return self
        return self._replace(off=abs(self.loss - reference) / reference)


def table(results: Sequence[Result]) -> str:
    """In Markdown."""
    rows = [HEAD, ("---",) * len(HEAD), *map(_cells, results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _cells(of: Result) -> tuple[str, ...]:
    if of.status != "done":
        return (of.name, *[""] * (len(HEAD) - 2), f"{of.what}: {of.status}, {of.why}")
    again = "" if of.checkpointing is None else "yes" if of.checkpointing else "no"
    return (
        of.name,
        _number(of.tokens_per_second, ",.0f"),
        _number(of.trained_tokens_per_second, ",.0f"),
        _number(of.mfu, ".1%"),
        _number(of.peak_gib, ".1f"),
        again,
        _number(of.loss, ".5f"),
        _number(of.off, ".1e"),
        of.what,
    )


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
