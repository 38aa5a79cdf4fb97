"""Screening (§10): known words pass, known dangers never do, and everything else waits for a person."""
