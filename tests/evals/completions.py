"""A model folder behind `/completions`: a text gone on with greedily, or the likelihoods of its tokens told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


@contextmanager
def completions(folder: Path) -> Iterator[str]:
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/completions"
            assert asked["temperature"] == 0
            choice = told(asked["prompt"]) if asked.get("echo") else said(asked)
            body = json.dumps({"choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    @torch.inference_mode()
    def told(prompt: str) -> dict[str, Any]:
        given = tokenizer(prompt, return_offsets_mapping=True)
        ids = torch.tensor([given["input_ids"]])
        logits = model(ids).logits[0].log_softmax(-1)
        values = [None, *logits[:-1].gather(1, ids[0, 1:, None])[:, 0].tolist()]
        added = logits[-1].max().item()  # the one token that was asked for, after the prompt
        starts = [start for start, _ in given["offset_mapping"]]
        return {"text": prompt, "logprobs": {"token_logprobs": [*values, added], "text_offset": [*starts, len(prompt)]}}

    @torch.inference_mode()
    def said(asked: dict[str, Any]) -> dict[str, Any]:
        ids = torch.tensor([tokenizer(asked["prompt"])["input_ids"]])
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=asked["max_tokens"], do_sample=False
        )
        text = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        for stop in asked["stop"]:
            text = text.split(stop)[0]
        return {"text": text, "finish_reason": "stop"}

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()
