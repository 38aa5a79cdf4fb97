"""The stages in order, as Prefect flows and as commands."""
