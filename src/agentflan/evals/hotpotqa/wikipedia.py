"""Wikipedia as it stands today, by the interface of MediaWiki: an article's text, or the titles that a search finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import msgspec

from agentflan import __version__
from agentflan.core.digest import digest_of
from agentflan.core.journal import Journal, read
from agentflan.evals.hotpotqa.reading import Article, Similar, Unreachable

_LONGEST = 300
"""Characters of a search; the interface refuses more."""
_TRIES, _LONGEST_WAIT = 4, 60.0
"""Of one request; seconds that a server may ask us to wait."""


class Fetched(msgspec.Struct, frozen=True):
    """An answer of the interface, as it came."""

    key: str
    """Digest of what was asked, the interface's URL included."""
    answer: str


class Pages:
    """What was fetched, in memory and, with a `path`, in a journal there. One request after the other, whoever asks:
    Wikimedia wants that of its users."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = {page.key: page.answer for page in read(path, Fetched)} if path and path.exists() else {}
        self._lock = Lock()

    def answer(self, key: str, fetch: Callable[[], str]) -> str:
        with self._lock:
            if key not in self._known:
                self._known[key] = fetch()
                if self._path:
                    with Journal(self._path, Fetched) as pages:
                        pages.append(Fetched(key=key, answer=self._known[key]))
            return self._known[key]


class Wikipedia:
    def __init__(self, client: httpx.Client, url: str, pages: Pages) -> None:
        self._client, self._url, self._pages = client, url, pages

    def find(self, entity: str) -> Article | Similar:
        entity = " ".join(entity.split())[:_LONGEST]
        asked = {"prop": "extracts|pageprops", "explaintext": "1", "ppprop": "disambiguation", "redirects": "1"}
        pages = self._query({**asked, "titles": entity.replace("|", " ")}).get("pages")
        page = pages[0] if isinstance(pages, list) and pages and isinstance(pages[0], dict) else {}
        text = page.get("extract")
        if isinstance(text, str) and text.strip() and "pageprops" not in page:
            return Article(tuple(_sentences(text)))
        hits = self._query({"list": "search", "srsearch": entity, "srlimit": "5", "srprop": ""}).get("search")
        titles = [hit.get("title") for hit in hits if isinstance(hit, dict)] if isinstance(hits, list) else []
        return Similar(tuple(title for title in titles if isinstance(title, str)))

    def _query(self, asked: Mapping[str, str]) -> dict[str, Any]:
        asked = {"action": "query", "format": "json", "formatversion": "2", **asked}
        key = digest_of([self._url, sorted(asked.items())])
        return _found(self._pages.answer(key, lambda: self._fetched(asked)))

    def _fetched(self, asked: Mapping[str, str]) -> str:
        """An answer that holds a query's result. Waits where the server says so; raises Unreachable in the end."""
        reason = ""
        for number in range(_TRIES):
            wait = 0.5 * 2**number
            try:
                response = self._client.get(self._url, params=asked)
                reason = f"status {response.status_code}"
                if response.status_code == 200:
                    _found(response.text)
                    return response.text
                if response.status_code != 429 and response.status_code < 500:
                    break
                after = response.headers.get("retry-after", "")
                wait = min(float(after), _LONGEST_WAIT) if after.isdecimal() else wait
            except httpx.HTTPError as error:
                reason = type(error).__name__
            except Unreachable as error:
                reason = str(error)
            if number < _TRIES - 1:
                time.sleep(wait)
        raise Unreachable(f"Wikipedia cannot be reached: {reason}")


def client() -> httpx.Client:
    """Says who asks, without which Wikimedia refuses."""
    return httpx.Client(timeout=20.0, follow_redirects=True, headers={"User-Agent": f"agentflan/{__version__}"})


def _found(answer: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        value = None
    query = value.get("query") if isinstance(value, dict) else None
    if not isinstance(query, dict):
        raise Unreachable("an answer without a result")
    return query


def _sentences(text: str) -> list[str]:
    """As ReAct cuts them: at line breaks and at full stops with a blank. Headings have no words to answer by."""
    paragraphs = [line.strip() for line in text.split("\n") if len(line.split()) > 2 and not line.startswith("=")]
    pieces = [piece.strip() for paragraph in paragraphs for piece in paragraph.split(". ") if piece.strip()]
    return [piece if piece.endswith(".") else f"{piece}." for piece in pieces]
