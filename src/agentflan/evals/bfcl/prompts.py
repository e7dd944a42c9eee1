"""What a model is told: BFCL's system prompt for prompting models, or tools that the model's own template offers.

The wording is the protocol: `constants/default_prompts.py` (plain text, classic style, functions as JSON, calls as
Python) and `utils.py::_func_doc_language_specific_pre_processing` of bfcl_eval; the types of native tools are those of
`model_handler/utils.py::convert_to_tool`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from agentflan.core.types import Message, Segment, ToolSpec
from agentflan.evals.bfcl.categories import Language
from agentflan.evals.bfcl.questions import Question

_SYSTEM = (
    "You are an expert in composing functions.You are given a question and a set of possible functions. Based on the "
    "question, you will need to make one or more function/tool calls to achieve the purpose. If none of the functions "
    "can be used, point it out. If the given question lacks the parameters required by the function, also point it "
    "out.\n\nYou should only return the function calls in your response.\n\nIf you decide to invoke any of the "
    "function(s), you MUST put it in the format of [func_name1(params_name1=params_value1, params_name2=params_value2"
    "...), func_name2(params)].  You SHOULD NOT include any other text in the response.\n\nAt each turn, you should "
    "try your best to complete the tasks requested by the user within the current turn. Continue to output functions "
    "to call until you have fulfilled the user's request to the best of your ability. Once you have no more functions "
    "to call, the system will consider the current turn complete and proceed to the next turn or task.\n\nHere is a "
    "list of functions in json format that you can invoke.\n{functions}\n"
)
_SYNTAX = {"java": "Java 8 SDK", "javascript": "JavaScript", "python": "Python 3"}
_SPOKEN = {"java": "Java", "javascript": "JavaScript"}
_LISTS = {"java": ("Array", "ArrayList"), "javascript": ("array",)}
_NATIVE = {
    **dict.fromkeys(("integer", "byte", "short", "long", "Bigint"), "integer"),
    **dict.fromkeys(("number", "float", "double"), "number"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    **dict.fromkeys(("array", "list", "tuple", "ArrayList", "Array", "Queue", "Stack"), "array"),
    **dict.fromkeys(("dict", "object", "HashMap", "Hashtable"), "object"),
}
"""BFCL's type -> that of JSON Schema; every other is a string."""


def hinted(functions: Sequence[dict[str, Any]], language: Language) -> list[dict[str, Any]]:
    """The functions with BFCL's word on their language; of Java and JavaScript every parameter becomes a string."""
    told = copy.deepcopy(list(functions))
    for function in told:
        function["description"] += f" Note that the provided function is in {_SYNTAX[language]} syntax."
        for schema in function["parameters"]["properties"].values():
            if language != "python":
                _as_text(schema, language)
    return told


def prompting(question: Question, functions: Sequence[dict[str, Any]]) -> tuple[Message, ...]:
    """The functions go before what the question's own system message says, if it has one."""
    system = _SYSTEM.replace("{functions}", json.dumps(list(functions), indent=4))
    (role, content), *others = question.messages
    said = (
        [("system", f"{system}\n\n{content}"), *others]
        if role == "system"
        else [("system", system), *question.messages]
    )
    return messages(said)


def messages(said: Sequence[tuple[Any, str]]) -> tuple[Message, ...]:
    return tuple(Message(role=role, segments=(Segment(text=text),)) for role, text in said)


def native_name(name: str) -> str:
    """Servers take no dots in names of tools."""
    return name.replace(".", "_")


def tools(functions: Sequence[dict[str, Any]], *, native: bool) -> tuple[ToolSpec, ...]:
    """The functions as tools; `native`: with types of JSON Schema and names that a server takes."""
    return tuple(_tool(copy.deepcopy(function), native) for function in functions)


def _tool(function: dict[str, Any], native: bool) -> ToolSpec:
    parameters, name = function["parameters"], function["name"]
    if native:
        parameters["type"], name = "object", native_name(name)
        _retype(parameters["properties"])
    return ToolSpec(name=name, description=function["description"], parameters=json.dumps(parameters))


def _as_text(schema: dict[str, Any], language: Language) -> None:
    kind, spoken = schema["type"], _SPOKEN[language]
    if kind == "any":
        schema["description"] += f" This parameter can be of any type of {spoken} object in string representation."
    else:
        schema["description"] += f" This is {spoken} {kind} type parameter in string representation."
    if kind in _LISTS[language]:
        inner = schema.pop("items")["type"]
        schema["description"] += f" The list elements are of type {inner}; they are not in string representation."
    if kind == "dict" and "properties" in schema:
        entries = json.dumps(schema.pop("properties"))
        schema["description"] += (
            " The dictionary entries have the following schema; they are not in string representation. " + entries
        )
    schema["type"] = "string"


def _retype(properties: dict[str, dict[str, Any]]) -> None:
    for schema in properties.values():
        if schema.get("type") == "float":
            schema["format"] = "float"
            schema["description"] = schema.get("description", "") + " This is a float type value."
        _retype_one(schema)


def _retype_one(schema: dict[str, Any]) -> None:
    schema["type"] = _NATIVE.get(schema.get("type", ""), "string")
    if isinstance(schema.get("properties"), dict):
        _retype(schema["properties"])
    elif isinstance(schema.get("items"), dict):
        _retype_one(schema["items"])
