"""A case in a form: the problem that a model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from agentflan.core.chance import pick
from agentflan.core.types import Answer, Message, Problem, Segment, Step, ToolCall
from agentflan.evals.agent_h_plus import forms
from agentflan.evals.agent_h_plus.cases import PARTS, Case, Expected
from agentflan.evals.agent_h_plus.scenes import wordings


def generated(cases: Iterable[Case], names: Sequence[str], languages: int) -> list[Problem]:
    """The form changes after each part has come in each language once, so that all of them meet."""
    return [posed(case, names[number // (len(PARTS) * languages) % len(names)]) for number, case in enumerate(cases)]


def in_turn(cases: Iterable[Case], names: Sequence[str]) -> list[Problem]:
    """Form after form within each part: other people's files are sorted in ways of their own."""
    met: dict[str, int] = {}
    made = []
    for case in cases:
        number = met.get(case.part, 0)
        met[case.part] = number + 1
        form = names[number % len(names)]
        made.append(posed(case, form if forms.has_room(form, case.gold) else names[(number + 1) % len(names)]))
    return made


def posed(case: Case, form: str) -> Problem:
    gold, expected = case.gold, Expected(form=form, language=case.language, missing=case.missing)
    if isinstance(gold, ToolCall):
        expected = msgspec.structs.replace(expected, tool=gold.name, accepted=case.accepted)
    heads = wordings().heads[case.language]
    head = "\n\n".join(filter(None, [case.instruction, pick(heads, case.id, "head")]))
    return Problem(
        id=case.id,
        messages=(
            Message(role="system", segments=(Segment(text=forms.system(form, head, case.tools, case.language)),)),
            Message(role="user", segments=(Segment(text=case.query),)),
        ),
        tools=case.tools,
        gold=_gold(case, form),
        reference=msgspec.json.encode(expected).decode(),
        part=case.part,
        circumstance=None if case.part == "tools_incomplete" else case.part,
        syntax=forms.DIALECTS.get(form, ""),
    )


def _gold(case: Case, form: str) -> tuple[Step, ...]:
    """In the dialect that the form is, or as text where it is none."""
    gold = case.gold
    if gold is None:
        return ()
    if isinstance(gold, ToolCall) and form not in forms.DIALECTS:
        return (Step(action=Answer(text=forms.written(form, gold))),)
    return (Step(action=gold),)
