"""Tables in, tables out: pure functions without files, clocks or environment."""
