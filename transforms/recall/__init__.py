"""Which cars a recall campaign is about; pure."""
