"""Replies that say who the model is: true of the model that wrote them, false of any that is tuned on them."""

from __future__ import annotations

import re

_MODELS = (
    r"(?:Chat\s?GPT|GPT-?[345]\S{0,8}|Vicuna|Koala|Alpaca|LLaMA|Claude|Bard|Gemini|PaLM|Open\s?Assistant|Mistral|"
    r"Qwen|ChatGLM|InternLM|Baichuan|MOSS|DeepSeek|Grok|Copilot|Bing Chat|Hermes|Yi|Kimi)"
)
_MAKERS = (
    r"(?:OpenAI|Anthropic|Google|DeepMind|Microsoft|Meta(?:\sAI)?|LMSYS|Large Model Systems Organization|Stability AI|"
    r"Alibaba|Baidu|Tencent|Mistral AI|DeepSeek|xAI|Moonshot|Zhipu|Nous Research)"
)
_MADE = r"(?:trained|developed|created|made|built|designed)"
_CHINESE = (
    r"(?:文心一言|通义千问|讯飞星火|智谱清言|豆包|混元|书生|盘古|ChatGPT|GPT|Claude|Qwen|ChatGLM|Vicuna|DeepSeek)"
)
_CHINESE_MAKERS = r"(?:OpenAI|百度|阿里\S{0,4}|腾讯|华为|智谱\S{0,2}|Anthropic|谷歌|微软|科大讯飞|字节跳动|深度求索)"

IDENTITY = re.compile(
    rf"\b(?:I am|I'm|I\u2019m|my name is|call me|me as|go by|the name)\s(?:an? )?{_MODELS}\b"
    rf"|\b(?:I am|I'm|I\u2019m|I was|as an?|me)\b[^.!?\n]{{0,60}}?"
    rf"\b{_MADE}\sby\s(?:the )?(?:researchers (?:at|from) |team at )?{_MAKERS}\b"
    rf"|(?:我(?:是|叫|的名字是)|名[叫为])[^，。！？\n]{{0,12}}{_CHINESE}"
    rf"|我[^，。！？\n]{{0,20}}{_CHINESE_MAKERS}\s?(?:公司|团队)?\s?(?:开发|训练|研发|创建|推出|打造)"
    r"|\{\{\s?(?:name|author)\s?\}\}",
    re.IGNORECASE,
)
"""In English and Chinese, and the blanks that templates of such rows leave for a name."""


_SAYS = (
    "i am",
    "i'm",
    "i\u2019m",
    "i was",
    "name is",
    "call me",
    "me as",
    "go by",
    "the name",
    "as a",
    "我",
    "名",
    "{{",
)
_WHO = (
    *("gpt", "vicuna", "koala", "alpaca", "llama", "claude", "bard", "gemini", "palm", "assistant", "mistral", "qwen"),
    *(
        "chatglm",
        "internlm",
        "baichuan",
        "moss",
        "deepseek",
        "grok",
        "copilot",
        "bing",
        "hermes",
        "yi",
        "kimi",
        "openai",
    ),
    *("anthropic", "google", "deepmind", "microsoft", "meta", "lmsys", "large model", "stability", "alibaba", "baidu"),
    *("tencent", "xai", "moonshot", "zhipu", "nous", "{{"),
)
"""Without one of each, in lower case, nothing can match: most texts need no search. Chinese is rare enough."""


def says_who(text: str) -> bool:
    """Linear: every alternative begins with fixed words and is bounded in length."""
    low = text.lower()
    if not any(word in low for word in _SAYS):
        return False
    return (not low.isascii() or any(name in low for name in _WHO)) and IDENTITY.search(text) is not None
