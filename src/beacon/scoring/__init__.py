"""What an event is worth: to the container, and to an attacker."""
