"""ReAct: thought, action and its input under labels in one message (the form the paper's section 3 starts from).

A step reads `Thought: ...`, `Action: name`, `Action Input: ...`, and at the end `Thought: ...`, `Final Answer: ...`,
each label at the start of a line; a step without a thought starts with the next label.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Capability, Message, Segment, Step, ToolCall, ToolSpec
from agentflan.dialects.writing.languages import elicits
from agentflan.dialects.writing.listing import Listing, json_lines, signatures

_ENDS = ("\nObservation:", "\nThought:")
"""Where a model that writes on by itself has left its arguments."""


class React(Plug, frozen=True):
    listing: Listing = "full"
    """full: a JSON object for each tool; signature: `- name(parameter): description`."""
    instruct: bool = True
    """Whether the system prompt says which form is wanted."""
    language: str = "en"
    """Which file of wordings is used (`dialects/elicits/`); the labels are English in every language."""

    def system(self, instruction: str, tools: Sequence[ToolSpec], key: str) -> str:
        if not tools:
            return instruction
        listed = json_lines(tools) if self.listing == "full" else signatures(tools)
        said = elicits(self.language)
        prompt = f"{instruction or said['react_opening'][0]}\n\n{said['tools'][0]}\n{listed}"
        return f"{prompt}\n\n{said['react_form'][0]}" if self.instruct else prompt

    def write(self, step: Step, tools: Sequence[ToolSpec], key: str) -> tuple[Message, ...]:
        """One message. Raises `ValueError` for a step whose text holds a label that would be read as another part."""
        pieces: list[tuple[str, Capability | None]] = []
        if step.thought:
            _refuse(step.thought, ("\nAction:", "\nFinal Answer:"), "thought")
            pieces += [("Thought: ", "format"), (step.thought, "reasoning")]
        action, start = step.action, "\n" if step.thought else ""
        if isinstance(action, ToolCall):
            if not action.name or action.name != action.name.strip() or "\n" in action.name:
                raise ValueError(f"no name for a line of its own: {action.name!r}")
            _refuse(action.arguments, _ENDS, "arguments")
            pieces += [(f"{start}Action: ", "format"), (action.name, "retrieval")]
            pieces += [("\nAction Input: ", "format"), (action.arguments, "understanding")]
        elif isinstance(action, Answer):
            if not action.text:
                raise ValueError("an answer without text")
            pieces += [(f"{start}Final Answer: ", "format"), (action.text, None)]
        if not pieces:
            raise ValueError("a step without thought and action")
        segments = tuple(Segment(text=text, capability=kind, loss=step.loss) for text, kind in pieces if text)
        return (Message(role="assistant", segments=segments),)

    def observe(self, observation: str) -> str:
        return f"Observation: {observation}"

    def read(self, messages: Sequence[Message]) -> Step:
        """The last assistant message as a step; `loss` is not known from text and stays True."""
        replies = (message for message in reversed(messages) if message.role == "assistant")
        text = "".join(segment.text for segment in next(replies, Message(role="assistant", segments=())).segments)
        body = "\n" + text.lstrip()
        call, answer = body.find("\nAction:"), body.find("\nFinal Answer:")
        if call < 0 and answer < 0:
            if body.startswith("\nThought:"):
                return Step(thought=_after(body, "\nThought:"))
            return Step(action=Answer(text=text))
        if call < 0 or 0 <= answer < call:
            return Step(
                thought=_after(body[:answer], "\nThought:"),
                action=Answer(text=_after(body[answer:], "\nFinal Answer:")),
            )
        return Step(thought=_after(body[:call], "\nThought:"), action=_call(body[call:]))


def _call(text: str) -> ToolCall:
    name, _, rest = _after(text, "\nAction:").partition("\n")
    rest = rest.lstrip()
    if not rest.startswith("Action Input:"):
        return ToolCall(name=name.strip())
    arguments = _after(rest, "Action Input:")
    for end in _ENDS:
        arguments = arguments.partition(end)[0]
    return ToolCall(name=name.strip(), arguments=arguments)


def _after(text: str, label: str) -> str:
    """What follows a label and its one space, to the letter; text without the label loses only its line break."""
    if not text.startswith(label):
        return text.removeprefix("\n")
    return text.removeprefix(label).removeprefix(" ")


def _refuse(text: str, labels: Sequence[str], part: str) -> None:
    for label in labels:
        if label in text:
            raise ValueError(f"the {part} hold a line that starts with {label.strip()!r}")
