"""Does the model act as an agent where a plain reply is due (paper section 3, third observation)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agentflan.core.progress import Say
from agentflan.core.types import CIRCUMSTANCES, Conversation
from agentflan.evals.agent_h import drawn
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.intervals import Estimate, combined
from agentflan.evals.run import asked
from agentflan.evals.transcripts import transcripts
from agentflan.models.hf import Hf
from agentflan.report.diagnosis.record import Calls

_TOLD = ("over_call", "names_tool", "miss", "right_tool", "n")
"""What holds for queries of any corpus: of the right call only the tool is known."""


def calls(model: Hf, items: Sequence[Conversation], count: int, seed: int, folder: Path, say: Say) -> Calls:
    """Asks at most `count` problems: the corpus' own queries and tools, or made up where no agent calls any.

    Replies are kept in `folder/transcripts.jsonl`, and those that are there already are not asked for again.
    """
    benchmark = AgentH(count=count, seed=seed)
    own = drawn.problems(items, count, seed)
    problems = own or list(benchmark.problems())
    with transcripts(folder / "transcripts.jsonl") as kept:
        replies = asked(model, model.identity, benchmark.version, problems, kept, say=say)
    scores = [benchmark.score(problem, reply) for problem, reply in replies if reply.fault != "infrastructure"]
    metrics = benchmark.summary(scores)
    told = {name: value for name, value in metrics.items() if name.startswith(_TOLD)}
    return Calls(
        queries="corpus" if own else "made_up",
        ordinary="corpus" if own and drawn.chatted(items) else "made_up",
        problems=len(problems),
        faults=len(problems) - len(scores),
        metrics={**_over_call(metrics), **told},
    )


def _over_call(metrics: Mapping[str, float]) -> dict[str, float]:
    """The plain mean over the circumstances in which a call is wrong and that were asked in."""
    names = [name for where in CIRCUMSTANCES if (name := f"over_call/{where}") in metrics]
    if not names:
        return {}
    each = [Estimate(*(metrics[name + edge] for edge in ("", "_low", "_high"))) for name in names]
    mean = combined(0, [(1 / len(each), one) for one in each])
    return {"over_call": mean.value, "over_call_low": mean.low, "over_call_high": mean.high}
