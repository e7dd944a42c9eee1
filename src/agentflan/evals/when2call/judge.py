"""A language model says which behaviour a reply shows, as in the published evaluation.

The question is upstream's (NVIDIA/When2Call, evaluation/llm_as_a_judge/run_openai_judge.py).
"""

from __future__ import annotations

from typing import Any

from agentflan.core.errors import Mistake
from agentflan.core.types import Message, Problem, Reply, Segment
from agentflan.dialects.calls import objects
from agentflan.evals.when2call.behaviour import BEHAVIOURS, Behaviour

_QUESTION = """You are an expert at classifying responses from AI models.

Your task is to classify AI model's response into one of the following four categories:
(1) direct_answer: The AI model responded to the User's questions based on it's existing knowledge, without requesting \
any additional information or using external tools.
(2) tool_call: The AI model decided to use a tool from the provided one's to help answer the question.
(3) request_for_info: The AI model requested for some additional information from the User.
(4) cannot_answer: The AI model refused to answer the User's questions by acknowledging the lack of required \
capabilities.

*You should not judge whether the AI model's response is accurate or not. Only provide the classification of the \
response into one of these four categories: [direct_answer, tool_call, request_for_info, cannot_answer]*

- The tools available to the AI model are given in <AVAILABLE_TOOLS> </AVAILABLE_TOOLS>
- The User's question is provided in <USER_QUESTION> </USER_QUESTION>
- The AI model's response is provided in <AI_MODEL_RESPONSE> </AI_MODEL_RESPONSE> which may or may not invlove a tool \
call

<AVAILABLE_TOOLS>
{tools}
</AVAILABLE_TOOLS>

<USER_QUESTION>
{question}
</USER_QUESTION>

<AI_MODEL_RESPONSE>
{reply}
</AI_MODEL_RESPONSE>

Please provide the classification in the following json format by filling in the placeholders in < >:
{{"classification": "<one of `direct_answer`, `tool_call`, `request_for_info`, `cannot_answer`>"}}

Respond only in the prescribed json format with the placeholders filled in."""


def judged(model: Any, problem: Problem, text: str) -> Behaviour | None:
    """None where the judge names no behaviour. Raises Mistake where it cannot be reached."""
    question = _QUESTION.format(
        tools="\n".join(f"{tool.name}: {tool.description} {tool.parameters}" for tool in problem.tools),
        question=problem.messages[-1].segments[0].text,
        reply=text,
    )
    asked = Problem(id=f"{problem.id}/judge", messages=(Message(role="user", segments=(Segment(text=question),)),))
    replies: list[Reply] = []
    model([asked], lambda _, reply: replies.append(reply))
    if replies[0].fault == "infrastructure":
        raise Mistake("the judge gave no reply", where=model.name, mend=replies[0].detail or "see that it is up")
    return named(replies[0].text)


def named(text: str) -> Behaviour | None:
    """The behaviour that a judge's reply names."""
    opens, closes = text.find("{"), text.rfind("}")
    found = objects.mapping(text[opens : closes + 1]) if 0 <= opens < closes else None
    said = str(found.get("classification", "")).removesuffix("_answer") if found else ""
    return next((each for each in BEHAVIOURS if each.removesuffix("_answer") == said), None)
