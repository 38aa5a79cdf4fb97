"""Keys and files of a drop; writing, verifying, showing, sealing, delivering and keeping it."""
