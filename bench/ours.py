"""The whole guarded export, without Prefect's start: `python -m bench.ours SHOP`."""

import sys
from datetime import UTC, datetime

from flows.export import export
from flows.request import ExportRequest

request = ExportRequest(shop=sys.argv[1], month="2026-10", operator="伊藤 秀吉", reason="bench")
report = export(request, clock=lambda: datetime.now(UTC), environment={})
print(report.outcomes[0].account["repair_lines"])
