"""Secrets, addresses, identities and odd signs: found, masked once and for all, in linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.lints.identity import says_who
from agentflan.lints.secrets import SECRETS as PATTERNS
from agentflan.lints.secrets import emails_in, secrets_in, without_emails, without_secrets
from agentflan.lints.signs import chinese_in, invisible_in, without_invisible
from tests.lints.samples import SECRETS


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_and_masked(kind: str) -> None:
    text = f"before {SECRETS[kind]} after"
    masked = without_secrets(text)
    assert secrets_in(text) == 1
    assert "<secret>" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert secrets_in(masked) == 0
    assert without_secrets(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "a task-list of the disk-usage-and-so-on-and-on",
        "risk-assessments-are-what-this-document-holds",
        "the bearer of this letter is my friend and neighbour",
        "https://example.com/a:b/c@d",
        "http://localhost:8080/path",
        "ssh-keygen writes BEGIN lines",
        "high_performance_hf_models",
        "/usr/share/ghp/x",
    ],
)
def test_what_only_looks_like_a_secret_is_none(text: str) -> None:
    assert secrets_in(text) == 0
    assert without_secrets(text) == text


def test_addresses_of_people() -> None:
    text = "anna.smith@mail.io, bob+x@sub.domain.co.uk; info@example.com, @handle, a @ b, x@y"
    assert emails_in(text) == 2
    assert without_emails(text) == "<email>, <email>; info@example.com, @handle, a @ b, x@y"


@pytest.mark.parametrize(
    "text",
    [
        "I am Vicuna, a large language model.",
        "I'm ChatGPT.",
        "My name is Claude",
        "As an AI language model trained by OpenAI, I cannot.",
        "I am a language model developed by researchers from Large Model Systems Organization (LMSYS)",
        "我是由OpenAI训练的语言模型",
        "我是ChatGPT，很高兴认识你",
        "我是一个大型语言模型，名叫文心一言",
        "I am {{name}}, an AI assistant developed by {{author}}.",
    ],
)
def test_who_a_model_says_it_is(text: str) -> None:
    assert says_who(text)


@pytest.mark.parametrize(
    "text",
    [
        "I am in Vienna.",
        "The model was trained by the gym's coach.",
        "Google is a company.",
        "我是学生",
        "Claude Monet painted it",
        "GPT-3 is a model developed by OpenAI.",
        "它是由腾讯公司开发的应用",
    ],
)
def test_other_talk_is_no_identity(text: str) -> None:
    assert not says_who(text)


def test_signs_that_nobody_sees() -> None:
    text = "a\u200bb\ufeff\x00c"
    assert invisible_in(text)
    assert without_invisible(text) == "abc"
    family = "\U0001f468\u200d\U0001f469"
    assert without_invisible(family) == family
    assert chinese_in("天气")
    assert not chinese_in("Wetter für Köln")


@given(
    st.lists(st.sampled_from([*PATTERNS, "a1", "@", ".", ":", "-", "://", "x@y.zz", "I am ", "由"]), max_size=30).map(
        "".join
    )
)
def test_masking_is_done_at_once(text: str) -> None:
    masked = without_emails(without_secrets(text))
    assert without_emails(without_secrets(masked)) == masked


@pytest.mark.parametrize(
    "piece",
    [
        *PATTERNS,
        "a",
        "a.",
        "@",
        "a@a.",
        "://a:",
        "I am ",
        "trained by ",
        "我是",
        "由OpenAI",
        "-----BEGIN A PRIVATE KEY-----",
    ],
)
def test_a_megabyte_of_anything_ends(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    secrets_in(text), emails_in(text), says_who(text), without_secrets(text), without_emails(text)
    assert time.process_time() - start < 10
