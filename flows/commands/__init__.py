"""The commands, one file each. Only those that need Prefect import it."""
