"""The names of our flows, by which a server that others use too tells what is ours."""

from enum import StrEnum


class FlowName(StrEnum):
    """A Prefect flow of this program."""

    EXPORT_MONTHLY = "export-monthly"
    EXPORT_GROUP = "export-group"
    RECALL_TARGETS = "recall-targets"
    RELEASE_DROP = "release-drop"
    DISPOSE_WEEKLY = "dispose-weekly"
    DISPOSE_GROUP = "dispose-group"
