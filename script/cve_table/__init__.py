"""The table of CVEs that BeaCon knows, and how it is built from facts and judgements."""
