"""What stands before a question: ReAct's instruction (hotpotqa.ipynb of ysymyth/ReAct), and worked examples.

The instruction is the protocol's and is as published, labels without their numbers. The examples are our own, of an
invented world: those of the original (`webthink_simple6`) can be given as a file.
"""

from __future__ import annotations

from pathlib import Path

from agentflan.core.errors import Mistake

_INSTRUCTION = """\
Solve a question answering task with interleaving Thought, Action, Observation steps. Thought can reason about the \
current situation, and Action can be three types:
(1) Search[entity], which searches the exact entity on Wikipedia and returns the first paragraph if it exists. If not, \
it will return some similar entities to search.
(2) Lookup[keyword], which returns the next sentence containing keyword in the current passage.
(3) Finish[answer], which returns the answer and finishes the task.
Here are some examples.
"""
_EXAMPLES = """
Question: In which year was the lighthouse on the island of Skell built?
Thought: I need to search the lighthouse of Skell and find the year.
Action: Search[Skell Lighthouse]
Observation: Could not find [Skell Lighthouse]. Similar: ['Skell Light', 'Skell (island)'].
Thought: Skell Light must be the lighthouse.
Action: Search[Skell Light]
Observation: Skell Light is a lighthouse on the northern cape of Skell. It is 24 metres tall.
Thought: The passage does not say yet when it was built, so I look up "built".
Action: Lookup[built]
Observation: (Result 1 / 1) It was built in 1907 by the Brockel brothers and burns gas.
Thought: It was built in 1907.
Action: Finish[1907]

Question: Were the painters Ruta Selm and Joss Wendeler born in the same country?
Thought: I need to find where each of the two was born, and compare.
Action: Search[Ruta Selm]
Observation: Ruta Selm (1888-1950) was a painter of harbours, born in Umbria Minor.
Thought: Ruta Selm was born in Umbria Minor. Next is Joss Wendeler.
Action: Search[Joss Wendeler]
Observation: Joss Wendeler is a painter of portraits from Ossavar, the capital of Umbria Minor.
Thought: Both were born in Umbria Minor, so the answer is yes.
Action: Finish[yes]

"""


def prompt(path: Path | None) -> str:
    """The instruction with our examples, or with those of a file."""
    if path is None:
        return _INSTRUCTION + _EXAMPLES
    try:
        examples = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"no examples to read: {error}", where=str(path), mend="name a text file") from error
    return f"{_INSTRUCTION}\n{examples.strip()}\n\n"
