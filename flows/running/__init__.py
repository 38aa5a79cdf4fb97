"""What every run is made of: the request, the shop and its ledger, the folder to work in, the report."""
