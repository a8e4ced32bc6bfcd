"""Remote documents, fetched ahead of the workers."""
