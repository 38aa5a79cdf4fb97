"""The benchmark and its peers."""
