"""The whole guarded export, without Prefect's start: `python -m bench.ours SHOP`.

Tells what each stage took, one `stage seconds` a line, and how many rows were read.
"""

import atexit
import gc
import os
import sys
import time
from datetime import UTC, datetime
from functools import wraps

from flows.export import export
from flows.running.guarding import Inputs, Result
from flows.running.request import ExportRequest


def timed(stage):  # noqa: ANN001, ANN201 (a step of `flows.export`)
    """Tell how long a stage took."""

    @wraps(stage)
    def wrapped(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Result:
        began = time.perf_counter()
        result = stage(*args, **kwargs)
        print(stage.__name__, round(time.perf_counter() - began, 3), flush=True)
        return result

    return wrapped


if __name__ == "__main__":
    atexit.register(gc.freeze)  # as every command does (`flows/command_line.py`)
    request = ExportRequest(shop=sys.argv[1], month="2026-10", operator="伊藤 秀吉", reason="bench")
    report = export(request, clock=lambda: datetime.now(UTC), environment=os.environ, step=timed)
    print("rows", sum(account.read for account in report.outcomes[0].account.values()))
