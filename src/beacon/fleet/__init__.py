"""Many images, many hosts: a campaign for each, by whatever runs them."""
