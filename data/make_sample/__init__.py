"""Makes the sample shop: seeded, so that the same program gives the same bytes."""
