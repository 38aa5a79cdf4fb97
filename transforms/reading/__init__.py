"""Reading what people typed: text in, typed values out, a reason where a value cannot be read."""
