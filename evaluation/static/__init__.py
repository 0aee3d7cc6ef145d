"""Static analysis alone, as a baseline: what BeaCon's policies would be without a run."""
