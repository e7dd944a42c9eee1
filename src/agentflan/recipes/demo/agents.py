"""A few rows in the shapes of AgentInstruct: six tasks, each in its own grammar, in both published forms by turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentflan.recipes.demo.world import TUNING, Dice

_TASKS: dict[str, tuple[str, ...]] = {
    "os": (
        "You are an assistant that will act like a person at a shell. Now, my problem is:\n\n"
        "how many files of {topic} are there?",
        "Think: i count the files of {topic}.\n\nAct: bash\n\n```bash\nls {path} | wc -l\n```",
        "The output of the OS:\n{number}",
        "Think: there are {number}.\n\nAct: answer({number})",
    ),
    "db": (
        "I will ask you a question, then you should help me operate a MySQL database with SQL to answer the question.",
        "Ok.",
        "how often is {topic} in {city}?",
        "i look it up.\nAction: Operation\n```sql\nSELECT n FROM {path} WHERE city = '{city}';\n```",
        "[({number},)]",
        'i have it.\nAction: Answer\nFinal Answer: ["{number}"]',
    ),
    "kg": (
        "You are an agent that answers questions based on the knowledge stored in a knowledge base.\n\n"
        "1. get_neighbors(variable: var, relation: str) -> variable\nGoes along one relation.",
        "I've understood your instruction, start please.",
        "Question: who has {topic}?\nEntities: [{topic}]",
        "Thought: i look for {topic}.\nAction: get_neighbors({topic}, owner)",
        "Observation: variable #0, which are instances of owner",
        "Thought: that is it.\nFinal Answer: #0",
    ),
    "alfworld": (
        "Interact with a household to solve a task. Say THOUGHT and ACTION.",
        "OK. I'll follow your instructions and try my best to solve the task.",
        "Here is your task. You see a shelf {number}.\nYour task is to: take {topic}.",
        "THOUGHT: it may be on the shelf.\nACTION: go to shelf {number}",
        "On the shelf {number}, you see {topic}.",
        "ACTION: take {topic} from shelf {number}",
    ),
    "webshop": (
        "You are web shopping. Use search[keywords] or click[value].",
        "Ok.",
        "WebShop [SEP] Instruction: [SEP] i want {topic} [SEP] Search",
        "Thought:\ni search for {topic}.\n\nAction:\nsearch[{topic}]",
        "Back to Search [SEP] {topic} [SEP] Buy Now",
        "Thought:\nthis is it.\n\nAction:\nclick[Buy Now]",
    ),
    "mind2web": (
        "'''\n<html> <a id=0> {topic} </a> </html>\n'''\n\nTask: open {topic}.\nWhat should be the next action?\n"
        "A. None of the above\nB. <a id=0> {topic} </a>",
        "Thought: {topic} comes next.\nAnswer: B.\nAction: CLICK",
    ),
}
"""Task -> its turns, the person's and the agent's by turns."""
_ACKNOWLEDGED = 6
"""Tasks of so many turns open with an acknowledgement, which is not trained."""


def tasks(seed: int, each: int) -> Iterator[dict[str, Any]]:
    """`each` rows of each task."""
    for task, turns in _TASKS.items():
        for number in range(each):
            dice = Dice(seed, task, number)
            topic = TUNING.topic(dice)
            fill = {
                "topic": topic,
                "path": topic.replace(" ", "_"),
                "number": str(1 + dice.below(9)),
                "city": dice.pick(TUNING.values["city"]),
            }
            texts = [turn.format_map(fill) for turn in turns]
            told = _flagged(texts) if number % 2 else _plain(texts)
            yield {"id": f"{task}_{number}", "conversations": told}


def _flagged(texts: list[str]) -> list[dict[str, Any]]:
    """As published: loss is null for the person, false for an acknowledgement."""
    return [
        {"from": "gpt", "loss": place > 1 or len(texts) < _ACKNOWLEDGED, "value": text}
        if place % 2
        else {"from": "human", "loss": None, "value": text}
        for place, text in enumerate(texts)
    ]


def _plain(texts: list[str]) -> list[dict[str, Any]]:
    return [{"role": "assistant" if place % 2 else "user", "content": text} for place, text in enumerate(texts)]
