"""Writing, verifying and publishing a drop."""
