"""Picture -> text and confidence."""
