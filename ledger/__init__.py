"""The shop's memory, kept in its state folder: quarantine, the size of the objection register, locks."""
