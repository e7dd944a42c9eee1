"""What `clean` repairs and leaves alone, and what `drop_lints` drops."""

from __future__ import annotations

import pytest

from agentflan.core import plugs
from agentflan.core.errors import Mistakes
from agentflan.core.types import Answer, Conversation, Dropped, Message, Segment, Step, ToolCall, ToolSpec, Trajectory
from agentflan.lints.steps import EXAMPLE
from agentflan.transforms.clean import Clean
from agentflan.transforms.drop_lints import DropLints

TOOL = ToolSpec(name="f", description="Does it.", parameters='{"properties":{"a":{"description":"A."}}}')
KEY = "AK" + "IA" + "ABCDEFGHIJKLMNOP"


def item(*steps: Step, query: str = "q", **fields: object) -> Trajectory:
    given = {"id": "a", "source": "s", "query": query, "steps": steps, "tools": (TOOL,), **fields}
    return Trajectory(**given)  # type: ignore[arg-type]


def call(arguments: str = '{"a": 1}', name: str = "f", **fields: object) -> Step:
    return Step(action=ToolCall(name=name, arguments=arguments), **fields)  # type: ignore[arg-type]


DONE = Step(action=Answer(text="So."))


def test_a_sound_item_goes_back_as_it_came() -> None:
    sound = item(call(thought="Hm.", observation="x"), DONE)
    assert Clean()(sound) is sound
    laid = Conversation(id="a", source="s", messages=(Message(role="user", segments=(Segment(text="\x1b[m"),)),))
    assert Clean()(laid) is laid


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("{'a': True, 'b': None}", '{"a":true,"b":null}'),
        ('{"a":  1}', '{"a":  1}'),
        ("{'a': {1, 2}}", "{'a': {1, 2}}"),
        ("{'a': open()}", "{'a': open()}"),
        ("shelf 1", "shelf 1"),
        ("", ""),
    ],
)
def test_python_is_spelled_as_json_where_json_can(written: str, spelled: str) -> None:
    found = Clean()(item(call(written), DONE))
    assert isinstance(found, Trajectory)
    assert found.steps[0].action == ToolCall(name="f", arguments=spelled)


def test_every_text_is_cleaned() -> None:
    noisy = item(
        call(f'{{"a": "{KEY}"}}', thought=f"\x1b[mThought {KEY}", observation=f"\u200bseen {KEY} by anna@mail.io"),
        Step(action=Answer(text=f"It is {KEY}.")),
        query=f"Is it {KEY}?",
        instruction=f"Use {KEY}.",
    )
    assert Clean()(noisy) == item(
        call('{"a": "<secret>"}', thought="Thought <secret>", observation="seen <secret> by <email>"),
        Step(action=Answer(text="It is <secret>.")),
        query="Is it <secret>?",
        instruction="Use <secret>.",
    )
    assert Clean(signs=False, secrets="keep", emails="keep")(noisy) is noisy
    assert Clean(secrets="drop")(noisy) == Dropped("secret")


def test_who_the_model_says_it_is() -> None:
    vicuna = item(Step(action=Answer(text="I am Vicuna.")))
    assert Clean()(vicuna) == Dropped("identity")
    assert Clean(identity="keep")(vicuna) is vicuna
    asks = item(DONE, query="I am Vicuna, who are you?")
    assert Clean()(asks) is asks


def test_a_worked_example_goes_and_the_instruction_stays() -> None:
    task = f"{EXAMPLE}. My problem is:\n\nWho am I?"
    prompt = "You are a shell.\nNow, my problem is:\n\nHow many files?"
    rows = item(
        call(observation="3"),
        Step(action=Answer(text="3"), observation=task),
        call(observation="me"),
        DONE,
        query=prompt,
    )
    found = Clean()(rows)
    assert found == item(call(observation="me"), DONE, query="Who am I?", instruction="You are a shell.")
    assert Clean(examples=False)(rows) is rows
    cut = item(call(observation=task), query=prompt)
    assert Clean()(cut) is cut


def test_lints_by_code() -> None:
    drop = DropLints(codes=("AF109", "AF404"))
    assert drop(item(call(thought="Hm.", observation="x"), DONE)) == item(call(thought="Hm.", observation="x"), DONE)
    assert drop(item(call(observation="x"), DONE)) == Dropped("AF109", "step 1")
    assert drop(item(call(thought="Hm.", observation="Error: no"), DONE)) == Dropped("AF404", "step 1")


def test_a_code_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises((Mistakes, ValueError), match="there is no lint 'AF999'"):
        DropLints(codes=("AF999",))
    with pytest.raises(Exception, match="AF999"):
        plugs.load("transform", {"use": "drop_lints", "codes": ["AF999"]})
