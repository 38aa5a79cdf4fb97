"""What is true: canonical tables, notice, agreement, shop configuration, drop, errors."""
