"""Reading the shop's systems: CSV and Parquet folders, databases, inspection certificates."""
