"""The Prefect flows, for the schedule, the form and groups, and what they need of Prefect."""
