"""Carrying a published drop to its partner (policy §8)."""
