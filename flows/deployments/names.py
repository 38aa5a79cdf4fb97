"""The names of our flows, by which a server that others use too tells what is ours, and of their pool."""

from enum import StrEnum

POOL = "joint-use"
"""The pool that `prefect.yaml` names, and the worker of `joint-use serve` takes its runs from."""


class FlowName(StrEnum):
    """A Prefect flow of this program."""

    EXPORT_MONTHLY = "export-monthly"
    EXPORT_GROUP = "export-group"
    RECALL_TARGETS = "recall-targets"
    RELEASE_DROP = "release-drop"
    DISPOSE_WEEKLY = "dispose-weekly"
    DISPOSE_GROUP = "dispose-group"
