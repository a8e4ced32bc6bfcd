"""Who hears how a batch is going."""
