"""What the two people write to each other while the session lasts."""
