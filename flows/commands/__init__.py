"""The commands, one file each, and what they share. Only those that need Prefect import it."""
