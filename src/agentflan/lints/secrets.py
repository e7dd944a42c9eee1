"""Keys, tokens, passwords of URLs and e-mail addresses in texts: found and masked.

Every pattern begins with a fixed mark, which is looked for first: most texts have none of them. What follows the mark
is one class of characters or bounded in length, so a search is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SECRETS: dict[str, re.Pattern[str]] = {
    mark: re.compile(pattern, re.ASCII)
    for mark, pattern in (
        ("-----BEGIN ", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]*-----END [A-Z ]{0,30}PRIVATE KEY-----)?"),
        ("sk-", r"sk-(?<![\w-]sk-)[\w-]{20,}"),
        ("AKIA", r"AKIA(?<!\wAKIA)[0-9A-Z]{16}(?!\w)"),
        ("ASIA", r"ASIA(?<!\wASIA)[0-9A-Z]{16}(?!\w)"),
        *((f"gh{kind}_", rf"gh{kind}_[A-Za-z0-9]{{36,}}") for kind in "pousr"),
        ("github_pat_", r"github_pat_\w{40,}"),
        ("glpat-", r"glpat-[\w-]{20,}"),
        ("hf_", r"hf_(?<!\whf_)[A-Za-z0-9]{30,}"),
        ("AIza", r"AIza(?<!\wAIza)[\w-]{35}"),
        ("xox", r"xox[abeprs]-[A-Za-z0-9-]{10,}"),
        ("k_live_", r"k_live_[A-Za-z0-9]{20,}"),
        ("eyJ", r"eyJ(?<![\w-]eyJ)[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
        ("earer ", r"earer (?=[A-Za-z._~+/-]{0,200}[0-9])[\w.~+/-]{20,}=*"),
        ("://", r"://[^\s/:@?#\"'<>]{1,64}:[^\s/@\"'<>]{1,128}@"),
    )
}
"""Mark -> secret: private key blocks; keys of OpenAI's form, AWS, GitHub, GitLab, Hugging Face, Google, Slack, Stripe;
JSON web tokens; bearer tokens; the user and password of a URL."""

EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])", re.ASCII)
_EXAMPLES = ("example.com", "example.org", "example.net", ".example", ".test", ".invalid")
"""Domains that are kept free for examples: nobody reads mail there."""

MASKED_SECRET, MASKED_EMAIL = "<secret>", "<email>"
_KEPT = {"earer ": ("earer ", ""), "://": ("://", "@")}
"""What of a match is no secret, before and after it."""


def secrets_in(text: str) -> int:
    return sum(1 for _, pattern in _marked(text) for _ in pattern.finditer(text))


def emails_in(text: str) -> int:
    """Addresses of people, that is, none of an example's."""
    return sum(map(_personal, EMAIL.finditer(text))) if "@" in text else 0


def without_secrets(text: str) -> str:
    for mark, pattern in _marked(text):
        text = pattern.sub(MASKED_SECRET.join(_KEPT.get(mark, ("", ""))), text)
    return text


def without_emails(text: str) -> str:
    return EMAIL.sub(lambda found: MASKED_EMAIL if _personal(found) else found.group(), text) if "@" in text else text


def _marked(text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    return ((mark, pattern) for mark, pattern in SECRETS.items() if mark in text)


def _personal(found: re.Match[str]) -> bool:
    return not found.group().lower().endswith(_EXAMPLES)
