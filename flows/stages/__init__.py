"""The stages of an export, and what they share; each is safe to run twice."""
