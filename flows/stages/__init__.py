"""The stages of an export, each safe to run twice; they hand on folders and small reports."""
