"""The catalogue of lints: what each finds, why that hurts training, and what becomes of it.

AF1xx what the agent did; AF2xx turns, roles and loss; AF3xx texts; AF4xx observations; AF5xx tools; AF6xx rows of a
file; AF7xx search trees.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Action = Literal["repair", "drop", "quarantine", "keep"]


class Lint(NamedTuple):
    what: str
    why: str
    action: Action = "keep"
    """What a build does with it."""
    by: str = ""
    """Who does that: the source, the corpus's own `fold`, or the name of a transform. Empty: nobody, it is kept."""
    reason: str = ""
    """Under which reason the ledger counts what is dropped or quarantined."""
    fix: str = ""
    """What `check --fix` does. Empty: nothing that is safe."""


CATALOGUE: dict[str, Lint] = {
    "AF101": Lint(
        "call of a tool that was not offered", "teaches to invent tools", "drop", "converse", reason="unknown_tool"
    ),
    "AF102": Lint(
        "arguments that are neither JSON nor a Python literal, for a tool with parameters",
        "teaches a form that no client parses; they stay as written and are asked for as a whole",
    ),
    "AF103": Lint(
        "arguments in Python's spelling",
        "teaches quotes and names (True, None) that JSON has not",
        "repair",
        "clean",
        fix="spells them as JSON",
    ),
    "AF104": Lint("empty answer", "teaches silence", "quarantine", "converse", reason="unwritable"),
    "AF105": Lint("a step without an action", "a turn that never came to its point; its thought alone is trained"),
    "AF106": Lint(
        "a search that was told of its earlier failures",
        "its replies answer to a prompt that no user writes",
        "drop",
        "no_restarts",
        reason="restart",
    ),
    "AF107": Lint("an agent that gave up", "teaches to give up", "drop", "finished_only", reason="gave_up"),
    "AF108": Lint(
        "ends in mid-action", "teaches to stop before the answer", "drop", "finished_only", reason="unfinished"
    ),
    "AF109": Lint("call without a thought", "nothing of reasoning is trained here; both forms do without"),
    "AF110": Lint(
        "call without arguments of a tool that takes some", "often right; in numbers it teaches to omit them"
    ),
    "AF111": Lint(
        "the thought names other tools than the one that is called",
        "teaches that the choice does not follow from the reasoning",
    ),
    "AF112": Lint(
        "call with no name, or with blanks around it",
        "a name that is never matched",
        "repair",
        "clean",
        fix="takes the blanks away",
    ),
    "AF113": Lint("tools on offer and none called", "right in negatives; in numbers it teaches not to act"),
    "AF114": Lint("calls without any list of tools", "teaches names that the prompt never gave"),
    "AF115": Lint(
        "a worked example stands before the real task",
        "the example is trained in every row, and the task is buried behind it",
        "repair",
        "clean",
    ),
    "AF201": Lint("nothing is trained in this conversation", "costs time and teaches nothing; tokenise skips it"),
    "AF202": Lint("the last assistant turn has no loss", "the model never learns to end"),
    "AF203": Lint("two messages of one role in a row", "Llama-2's chat form has no place for that"),
    "AF204": Lint("the last turn is a user's", "nobody answers it", "repair", "source"),
    "AF205": Lint("two assistant turns in a row", "no chat form has that; they become one", "repair", "source"),
    "AF206": Lint(
        "loss flags on some assistant turns and not on others",
        "readers differ on what is meant; here a missing one means trained",
        "repair",
        "source",
        fix="spells the flags out",
    ),
    "AF207": Lint(
        "a role under an unusual name", "other readers lose the turn", "repair", "source", fix="uses the usual name"
    ),
    "AF208": Lint("labels in upper case (THOUGHT:, ACTION:)", "the same act in two spellings", "repair", "source"),
    "AF209": Lint(
        "an observation under the wrong role",
        "what the world said would be trained as the agent's words, or taken for a person's",
    ),
    "AF210": Lint("the last assistant turn of the row is marked as not trained", "the model never learns to end"),
    "AF211": Lint(
        "an observation that no call asked for",
        "teaches that results come out of nowhere",
        "quarantine",
        "source",
        reason="observation_without_call",
    ),
    "AF212": Lint("a run that got no reward", "teaches what failed; sources with a setting `failed` can drop it"),
    "AF301": Lint(
        "terminal escape codes",
        "noise that a model learns to write",
        "repair",
        "clean",
        fix="takes them out",
    ),
    "AF302": Lint(
        "the model says who it is or who made it",
        "true of the model that wrote it, false of the one that learns it",
        "drop",
        "clean",
        reason="identity",
    ),
    "AF303": Lint(
        "a key, a token, or the password of a URL",
        "is learnt by heart and told to anyone",
        "repair",
        "clean",
        fix="masks it, if asked (`--mask secrets`)",
    ),
    "AF304": Lint(
        "an e-mail address",
        "is learnt by heart and told to anyone",
        "repair",
        "clean",
        fix="masks it, if asked (`--mask emails`)",
    ),
    "AF305": Lint(
        "invisible characters",
        "two texts that look the same become other tokens",
        "repair",
        "clean",
        fix="takes them out",
    ),
    "AF306": Lint("characters lost to a wrong encoding", "teaches a sign that stands for nothing"),
    "AF307": Lint("replies in Chinese, Japanese or Korean to a question that is not", "teaches to change the language"),
    "AF401": Lint("observation cut off by its source", "replies answer to what is not seen; it is never trained"),
    "AF402": Lint("observation that begins as JSON and is none", "the tools of an evaluation answer otherwise"),
    "AF403": Lint("Python's spelling in an observation", "the tools of an evaluation answer otherwise"),
    "AF404": Lint("observation that reports an error", "useful where the agent recovers, noise where it does not"),
    "AF405": Lint("empty observation", "the next turn answers to nothing; dialogue says `(empty)` instead"),
    "AF501": Lint("tool without a description", "the choice can only be guessed from the name"),
    "AF502": Lint("parameter without a description", "its value can only be guessed"),
    "AF503": Lint("tool without parameters", "nothing of understanding is trained on its calls"),
    "AF504": Lint("tool name of exactly 64 characters", "most likely cut, so that its beginning is gone"),
    "AF505": Lint("parameter under a reserved name (id, from, class)", "renamed by some clients and not by others"),
    "AF506": Lint("parameter name that is no identifier", "cannot be written as a keyword of a call in code"),
    "AF507": Lint("a type that JSON Schema does not know", "one type in several spellings (STRING, dict, float)"),
    "AF508": Lint("tool name with a dot", "OpenAI's interface refuses it"),
    "AF509": Lint(
        "blanks around a tool's name",
        "a call of the plain name is none of this tool",
        "repair",
        "clean",
        fix="takes the blanks away",
    ),
    "AF510": Lint("tool description over 1,000 characters", "fills the context with what is never trained"),
    "AF511": Lint("two tools of one name", "which of them a call means is chance"),
    "AF512": Lint("a required parameter that is not described", "teaches arguments that the schema does not have"),
    "AF513": Lint("tool name of several words", "OpenAI's interface refuses it"),
    "AF601": Lint(
        "a row that repeats an earlier one to the letter",
        "counts twice; repeated runs are folded into one, repeated chat is kept, each row under an id of its own",
        "drop",
        "fold",
        reason="prefix_row",
        fix="drops the repetitions",
    ),
    "AF602": Lint("a row with the prompt of an earlier one", "one question counts several times"),
    "AF603": Lint("a row with the id of an earlier one", "ids of the data name nothing; rows get ids of their own"),
    "AF604": Lint("carriage returns at line ends", "harmless to JSON, not to other readers", fix="takes them out"),
    "AF605": Lint("a byte order mark at the start of the file", "many readers refuse it", fix="takes it out"),
    "AF701": Lint("pruned node of a search", "only the path that was kept is read", "repair", "source"),
    "AF702": Lint("node that calls a tool which was not offered", "only the path that was kept is read"),
    "AF703": Lint("node whose arguments are no JSON", "only the path that was kept is read"),
    "AF704": Lint("node whose call failed", "only the path that was kept is read"),
    "AF705": Lint(
        "a search marked as valid that gave up", "its mark says otherwise", "drop", "finished_only", reason="gave_up"
    ),
}
"""Code -> what it says."""

OF_REASONS = {lint.reason: code for code, lint in CATALOGUE.items() if lint.by == "source" and lint.reason}
"""Reason for which a source refuses a row -> the lint that this is."""
