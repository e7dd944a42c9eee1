"""An embedding model behind an OpenAI-compatible `/embeddings` URL."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import httpx
import numpy as np
from msgspec import Meta

from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.evals.embedders import Embed

_KEY = "AGENTFLAN_API_KEY"


class Http(Plug, frozen=True):
    """The benchmark's own texts are embedded in batches before the first score; a reply's are when it is scored."""

    comparable: ClassVar[bool] = True

    url: Annotated[str, Meta(pattern="^https?://[^/]")]
    """Up to where `/embeddings` begins, such as `http://127.0.0.1:8000/v1`."""
    model: str
    batch: Annotated[int, Meta(ge=1)] = 128
    """Texts in one request."""
    timeout: Annotated[float, Meta(gt=0)] = 60.0
    """Seconds for one request."""
    retries: Annotated[int, Meta(ge=0)] = 3
    """Of a connection that fails; what the server refuses is told at once."""

    def __call__(self, known: Sequence[str]) -> Embed:
        key = os.environ.get(_KEY, "").strip()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        transport = httpx.HTTPTransport(retries=self.retries)
        client = httpx.Client(headers=headers, timeout=self.timeout, transport=transport)
        held = dict[str, list[float]]()

        def fetch(texts: Sequence[str]) -> dict[str, list[float]]:
            found = dict[str, list[float]]()
            for start in range(0, len(texts), self.batch):
                part = list(texts[start : start + self.batch])
                found.update(zip(part, self._asked(client, part), strict=True))
            return found

        held.update(fetch(list(dict.fromkeys(known))))

        def embed(texts: Sequence[str]) -> Any:
            fresh = fetch([text for text in dict.fromkeys(texts) if text not in held])
            return np.array([held[text] if text in held else fresh[text] for text in texts])

        return embed

    def _asked(self, client: httpx.Client, texts: list[str]) -> list[list[float]]:
        """A vector for each text. Raises Mistake for whatever else comes: without vectors there is no score."""
        place = self.url.rstrip("/").removesuffix("/embeddings") + "/embeddings"
        try:
            answer = client.post(place, json={"model": self.model, "input": texts})
            answer.raise_for_status()
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            vectors = [[float(value) for value in row["embedding"]] for row in rows]
        except httpx.HTTPError as error:
            what = f"the embedding server does not answer: {error}"
            raise Mistake(what, where=place, mend="start it, then run again with --rescore") from error
        except (ValueError, KeyError, TypeError) as error:
            raise Mistake("this is no answer of an embedding server", where=place, mend="check the URL") from error
        if len(vectors) != len(texts):
            raise Mistake(f"{len(vectors)} vectors came for {len(texts)} texts", where=place, mend="check the server")
        return vectors
