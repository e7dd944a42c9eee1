"""A wiki of the paragraphs of a HotpotQA file that speaks MediaWiki's interface, to run `hotpotqa_live` without a net.

    python -m agentflan.evals.hotpotqa.mediawiki [--path FILE] [--refuse N]

prints its URL and serves until it is killed; it refuses every request N times first, as an
overloaded wiki does.
"""

from __future__ import annotations

from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import msgspec

from agentflan.evals.hotpotqa.questions import read


class Wiki(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, path: Path | None, refuse: int) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        paragraphs = (paragraph for row in read(path) for paragraph in row.context)
        self.texts = {
            title: "".join(f" {text.strip()}" for text in sentences).strip() for title, sentences in paragraphs
        }
        self.refuse = refuse
        self.seen = Counter[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/w/api.php"

    def answer(self, asked: dict[str, str]) -> dict[str, Any]:
        """What `action=query` says of a title, or of a search for words, with `formatversion=2`."""
        if "titles" in asked:
            title = asked["titles"]
            text = self.texts.get(title)
            page = {"title": title, "missing": True} if text is None else {"title": title, "extract": text}
            return {"batchcomplete": True, "query": {"pages": [page]}}
        words = asked.get("srsearch", "").lower().split()
        hits = [title for title, text in self.texts.items() if any(word in f"{title} {text}".lower() for word in words)]
        found = [{"ns": 0, "title": title} for title in hits[: int(asked.get("srlimit", "10"))]]
        return {"batchcomplete": True, "query": {"search": found}}


class _Asked(BaseHTTPRequestHandler):
    server: Wiki

    def do_GET(self) -> None:
        query = urlsplit(self.path).query
        self.server.seen[query] += 1
        if self.server.seen[query] % (self.server.refuse + 1):
            return self._send(429, b"", ("Retry-After", "0"))
        asked = {key: values[-1] for key, values in parse_qs(query).items()}
        return self._send(200, msgspec.json.encode(self.server.answer(asked)), ("Content-Type", "application/json"))

    def _send(self, status: int, content: bytes, header: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header(*header)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing of each request."""


@click.command()
@click.option("--path", type=click.Path(exists=True, path_type=Path), help="A HotpotQA file; without it our sample.")
@click.option("--refuse", type=click.IntRange(min=0), default=0, help="How often each request is refused first.")
def main(path: Path | None, refuse: int) -> None:
    with Wiki(path, refuse) as wiki:
        click.echo(wiki.url)
        wiki.serve_forever()


if __name__ == "__main__":
    main()
