"""One reply to one problem: every kind of error, each true or false, only those that the problem can show."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agentflan.core.types import Problem, ToolCall
from agentflan.dialects.calls import objects, reader
from agentflan.evals.agent_h_plus import replies
from agentflan.evals.agent_h_plus.cases import DUE, Expected
from agentflan.evals.agent_h_plus.checking import Flaws, flaws
from agentflan.evals.agent_h_plus.forms import FREE

_APT = {
    "tools_incomplete": "asks",
    "tools_irrelevant": "declines",
    "no_tools_relevant": "declines",
    "tools_ordinary": "answers",
    "no_tools_ordinary": "answers",
}
"""Part -> what a good reply without a call does there."""
_SOUND = Flaws(missing_arg=False, invented_arg=False, bad_value=False)


def expected(problem: Problem) -> Expected:
    return msgspec.json.decode(problem.reference, type=Expected)


def graded(problem: Problem, text: str) -> dict[str, bool]:
    """Error or virtue -> whether the reply has it."""
    right, due = expected(problem), problem.part == DUE
    reading, said = reader.read(text, problem.tools), reader.spoken(text)
    announced = bool(reading.attempts) and all(attempt.syntax == "talk" for attempt in reading.attempts)
    promised = (
        announced and right.form != "talk"
    )  # there a turn is the name alone, and the arguments are asked for next
    named = None if promised or reading.named is None else reading.named.call
    malformed = any(attempt.malformed for attempt in reading.attempts)  # an attempt, too, if it cannot be decoded
    asks = replies.asks(said, right.missing)
    phantom = promised or (not reading.attempts and replies.promises(said) and not replies.asks(said))
    found = {
        "empty": not text.strip(),
        "malformed": malformed,
        "phantom": phantom,
        "fabricated_observation": replies.fabricates(said),
        **_of_the_call(named, problem, right, by_name=announced),
    }
    if due:
        found["miss"] = named is None and not malformed
        found["right_call"] = named is not None and not any(found.values())
        if right.form not in FREE and not found["miss"]:
            found["format_obeyed"] = not malformed and all(each.syntax == right.form for each in reading.attempts)
    else:
        found["over_call"] = reading.named is not None or malformed or found["empty"]
        does = {"asks": asks, "declines": replies.declines(said), "answers": not replies.declines(said)}
        apt = _APT[problem.part]
        found[apt] = found["apt"] = does[apt] and not found["over_call"] and not phantom
    return found


def _of_the_call(call: ToolCall | None, problem: Problem, right: Expected, *, by_name: bool) -> Mapping[str, bool]:
    """Errors of the first call that names a tool. `by_name`: it is the name alone, and has no arguments to look at."""
    tool = next((tool for tool in problem.tools if call and tool.name == call.name), None)
    found = {"unknown_tool": call is not None and tool is None}
    if problem.part == DUE:
        found["wrong_tool"] = tool is not None and right.tool not in ("", tool.name)
    wrong = _SOUND
    if call and tool and not by_name:
        given = objects.mapping(call.arguments) if call.arguments.strip() else {}
        if given is not None:  # else it is malformed, and no parameter can be told from it
            wrong = flaws(given, tool, right.accepted if tool.name == right.tool else {})
    return {**found, **msgspec.structs.asdict(wrong)}
