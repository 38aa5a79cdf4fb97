"""The Prefect flow of recall targets: started by hand from the form, or by the command."""

import os

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.deployments.endings import ended
from flows.deployments.export_monthly import as_task
from flows.deployments.names import FlowName
from flows.deployments.scheduling import was_scheduled
from flows.recall.recall import recall
from flows.recall.report import RecallReport
from flows.recall.request import RecallRequest
from flows.running.clock import utc_now


@flow(name=FlowName.RECALL_TARGETS, persist_result=False, validate_parameters=True)
def recall_targets(request: RecallRequest) -> RecallReport:
    """Find cars a recall may be about, hand over who may be told of, list the others."""
    report = recall(
        request,
        clock=utc_now,
        environment=os.environ,
        step=as_task,
        is_scheduled=was_scheduled(),
    )
    rows = [
        {
            "campaign": each.campaign,
            "in_range": each.in_range,
            "possible": each.possible,
            "out": each.out,
            "handed": each.handed,
            "call list": sum(each.kept.values()),
            "done": each.done,
        }
        for each in report.campaigns
    ]
    create_table_artifact(key="recall-targets", table=rows, description=report.as_of)
    return ended(report)
