"""The shop's memory: objections, what was given to whom, the audit chain; quarantine and locks."""
