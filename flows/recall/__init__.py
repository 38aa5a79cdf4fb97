"""Recall targets on demand: from a campaign file to drops and the shop's own call list."""
