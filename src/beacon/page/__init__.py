"""The page of a profile and its policy: one file of HTML that needs no network."""
