"""PDF -> text layer, page images, metadata."""
