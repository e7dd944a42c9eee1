"""What inspect_ai's own reader finds in a log: its status, its problems, those among them that failed, its metrics."""

from __future__ import annotations

import json
import sys

from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries


def main(file: str) -> None:
    log = read_eval_log(file)
    listed = [summary.id for summary in read_eval_log_sample_summaries(file)]
    found = {
        "status": log.status,
        "replies": {sample.id: sample.output.completion for sample in log.samples},
        "failed": [sample.id for sample in log.samples if sample.error],
        "listed": listed,
        "metrics": {name: metric.value for name, metric in log.results.scores[0].metrics.items()},
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
