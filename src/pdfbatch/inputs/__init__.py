"""What the caller hands in, as lazy documents."""
