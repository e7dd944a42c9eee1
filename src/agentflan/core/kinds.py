"""What each kind of plug promises.

A plug is told of one item and nothing else: order, counting, writing, retries are the caller's. Plugs satisfy these
by shape, not by inheritance; they subclass `core.plugs.Plug` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from agentflan.core.types import (
    Carries,
    Conversation,
    Dropped,
    Message,
    Problem,
    Quarantined,
    Rendered,
    Reply,
    Request,
    Score,
    Step,
    ToolSpec,
    Trajectory,
)

Item = Trajectory | Conversation
Outcome = Item | Dropped | Quarantined | Sequence[Item]
"""What a transform says of one item: it (changed or not), none of it with a reason, or several."""


class Source(Protocol):
    """Reads one raw row."""

    licence: str
    """What its rows come under unless the recipe says otherwise."""

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        """`row` is the JSON text of one row. Raises `Unreadable` for a row that goes to quarantine.

        `id`, `licence`, `origin_ids` are the caller's to fill; `group` may be left empty (the query then is the group).
        """


@runtime_checkable
class WholeFile(Protocol):
    """A source whose files are rows: the lines of a file come as one JSON array (API-Bank keeps a dialogue a file)."""

    @property
    def whole_file(self) -> bool: ...


@runtime_checkable
class InPieces(Protocol):
    """A source whose stored rows can hold several trajectories (ToolAlpaca keeps all runs of an API in one)."""

    def pieces(self, row: bytes) -> Iterable[bytes]:
        """A row for each trajectory, each readable by itself; the row itself where it is no such. Never raises."""


@runtime_checkable
class Map(Protocol):
    """Looks at one item. An item it has no business with goes back as it came."""

    def __call__(self, item: Any) -> Outcome: ...


@runtime_checkable
class Group(Protocol):
    """Decides over all items of a key, out of core: only small notes of the items are brought together."""

    def note(self, item: Any) -> tuple[str, Any] | None:
        """(key, note): what `decide` must know of this item, as plain msgpack values. None: it passes untouched."""

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """All (number, note) of one key in corpus order -> (number, verdict), plain msgpack values, for any of them.

        A number without a verdict passes untouched. `notes` can be long: hold a bounded heap where that will do.
        """

    def apply(self, item: Any, verdict: Any) -> Outcome: ...


Side = Literal["trajectories", "conversations"]


@runtime_checkable
class Sided(Protocol):
    """A transform that does nothing on the other side of the one that turns trajectories into conversations."""

    @property
    def works_on(self) -> Side: ...


@runtime_checkable
class Turning(Protocol):
    """The transform that turns trajectories into conversations."""

    @property
    def turns_into(self) -> Side: ...


@runtime_checkable
class Speaking(Protocol):
    """A transform that says which dialects it writes, so that a template that cannot lay one out is told at once."""

    @property
    def dialects(self) -> tuple[str, ...]: ...


@runtime_checkable
class Ask(Protocol):
    """Needs a language model's replies for some items."""

    def requests(self, item: Any) -> tuple[Request, ...]: ...

    def apply(self, item: Any, replies: tuple[str, ...]) -> Outcome:
        """One reply to each request. A bad reply is data: this says what becomes of the item."""


@runtime_checkable
class Offline(Protocol):
    """An Ask that can do without a model; a recipe with any other has to say `replies: asked`."""

    def offline(self, item: Any, request: Request) -> str:
        """The reply when no model is at hand: written patterns, chosen by keys."""


@runtime_checkable
class Parts(Protocol):
    """One entry of a recipe that is several transforms in a row, each of one kind."""

    def parts(self) -> tuple[tuple[str, Any], ...]:
        """(name, transform) in order; the ledger shows them as `entry/name`."""


class Engine(Protocol):
    """Runs the tasks of a build (`corpus.building.job`), one after the other, side by side, or on other machines."""

    def __call__(self, job: Any) -> AbstractContextManager[Callable[[Sequence[Any]], None]]:
        """While it is open: a function that returns when all its tasks are done, and raises what the first one raised.

        The tasks of one call do not depend on each other.
        """


FileRow = tuple[str, Mapping[str, Any]]
"""(file within the export's folder, row). A row for `x.jsonl` is a line of it, one for `x.json` the whole file."""


class Export(Protocol):
    """Writes an item of a corpus as another tool wants to read it. See exports/sharegpt.py, the shortest."""

    reads: ClassVar[Literal["conversations", "trajectories"]]
    """Messages as they are trained here, or what the agent did, for a tool that writes calls in a syntax of its own.
    Lessons and negatives come as trajectories of answers then."""
    carries: ClassVar[Carries]
    uniform: ClassVar[bool]
    """Whether all rows are of one schema, which the data card then declares, for `datasets.load_dataset` to read by."""

    def __call__(self, item: Any) -> Sequence[FileRow] | Dropped:
        """The rows of one item, at least one."""

    def card(self, rows: Mapping[str, int]) -> str:
        """The format's own part of the data card, as Markdown: what each file is, and how a row says what is trained.

        `rows` are those written: file -> number. Headings start at the third level.
        """


@runtime_checkable
class Companions(Protocol):
    """An export whose tool wants more than rows: LLaMA-Factory its dataset_info.json."""

    def companions(self, rows: Mapping[str, int]) -> Mapping[str, str]:
        """File -> text; `rows` are those written: file -> number."""


class Dialect(Protocol):
    """Writes a step as messages and reads it back; sources, training and worlds use the same one."""

    def system(self, instruction: str, tools: Sequence[ToolSpec], key: str) -> str:
        """The system prompt that offers the tools in this dialect. Empty: no system message."""

    def write(self, step: Step, tools: Sequence[ToolSpec], key: str) -> tuple[Message, ...]:
        """The step without its observation.

        A leading user message is an elicit statement, to be merged into the message before.
        `key` decides wordings; `tools` are those on offer. Raises `ValueError` for a step this dialect has no form for.
        """

    def observe(self, observation: str) -> str:
        """An observation as the next user message."""

    def read(self, messages: Sequence[Message]) -> Step:
        """The inverse of `write`: all messages of one step, or just a model's one reply. Never raises, linear time.

        Text without the dialect's marks is an Answer.
        """


class Template(Protocol):
    """Lays a conversation out as text with role marks."""

    @property
    def stop(self) -> str:
        """The end mark of an assistant message; generation stops on it."""

    @property
    def marks(self) -> tuple[str, ...]:
        """What a tokenizer made for this template holds as single tokens, `stop` among them."""

    @property
    def jinja(self) -> str:
        """The same layout as a Hugging Face chat template; it writes `bos_token` once at the start.

        What the assistant writes, its end mark included, stands in `{% generation %}`, which TRL goes by; in a model
        folder's own template only if it does there.
        """

    def render(self, conversation: Conversation) -> Rendered:
        """Raises `ValueError` for a conversation that this template has no layout for."""

    def prompt(self, conversation: Conversation) -> str:
        """The text up to where the assistant's next message begins: a token prefix of the training text."""


@runtime_checkable
class Calling(Protocol):
    """A template with a syntax of its own for tools and calls, which conversations of the dialect `native` need."""

    def calls(self) -> None: ...  # raises `Mistake` where it has none after all


@runtime_checkable
class OfFolder(Protocol):
    """A template that is a model folder's own: a vocabulary goes with it."""

    @property
    def path(self) -> Path: ...


class Model(Protocol):
    """Prompts in, replies out, in the same order."""

    name: str

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        """Answers each problem; calls `seen(index, reply)` as soon as a reply is there, in any order."""


class Backend(Protocol):
    """Runs the optimiser over batches of tokens. See train/backends/loop.py, the reference."""

    def __call__(self, job: Any) -> None: ...


class Benchmark(Protocol):
    """Problems and how replies to them are graded."""

    version: str

    def problems(self) -> Sequence[Problem]: ...

    def score(self, problem: Problem, reply: Reply) -> Score: ...

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        """All metrics over all graded problems, each share with `<name>_low` and `<name>_high`."""


@runtime_checkable
class Noted(Protocol):
    """A benchmark whose numbers need a word beside them."""

    def notes(self) -> Mapping[str, str]:
        """What it was measured with, beyond its settings: digest of the data, embedder, what it compares with."""


class RunFolder(NamedTuple):
    """One finished (or unfinished) run on disk; a run without arms has the one arm `run`."""

    arm: str
    seed: int
    folder: Path


class Panel(Protocol):
    """One section of the report, from the files of the run folders alone."""

    title: str
    place: int
    """Panels stand in this order."""

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        """HTML, already escaped; empty when the runs have nothing to show here."""
