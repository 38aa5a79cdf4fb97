"""What people at the counter do: objections, disclosure, erasure, consent, disposal, incidents."""
