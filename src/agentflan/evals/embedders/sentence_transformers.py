"""An embedding model in this process: all-mpnet-base-v2 (Chinese: gte-large-zh) gives the published scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Meta
from sentence_transformers import SentenceTransformer

from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.evals.embedders import Embed


class SentenceTransformers(Plug, frozen=True):
    """Nothing is downloaded: the folder of the model is yours to bring."""

    comparable: ClassVar[bool] = True

    path: Path
    """A saved sentence-transformers model."""
    batch: Annotated[int, Meta(ge=1)] = 64
    """Texts at once."""

    def __call__(self, known: Sequence[str]) -> Embed:
        if not (self.path / "modules.json").is_file():
            mend = "name the folder that holds modules.json"
            raise Mistake("this is no sentence-transformers model", where=str(self.path), mend=mend)
        model = SentenceTransformer(str(self.path), local_files_only=True)

        def embed(texts: Sequence[str]) -> Any:
            return model.encode(list(texts), batch_size=self.batch, show_progress_bar=False)

        return embed
