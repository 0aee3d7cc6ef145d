"""Demo applications and what drives them: examples of services of your own, and test material."""
