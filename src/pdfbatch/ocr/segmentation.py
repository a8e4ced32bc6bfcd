"""Choose how tesseract looks for columns on an image."""

AUTOMATIC, ONE_COLUMN = 3, 4

SLIP_ASPECT = 1.75
"""Height divided by width from which a narrow image is a slip: more than any sheet of office paper (A4 1.41, US legal 1.65)."""
SLIP_INCHES = 4.5
"""Largest width of a slip. Till rolls are 57 or 80 mm wide (3.15 inches). Wider images of that shape are captures of whole web
pages, which do have columns."""


def segmentation(size: tuple[int, int], dpi: int, chosen: int | None = None) -> int:
    """Return the page segmentation mode (tesseract's ``--psm``) for an image of ``(width, height)`` pixels.

    That is the ``chosen`` one, else one column for slips, such as till receipts, else automatic. A slip has no room for two
    columns of text, but the automatic mode takes names and prices for two, and reads one after the other.
    """
    if chosen is not None:
        return chosen
    width, height = size
    is_slip = height >= SLIP_ASPECT * width and width <= SLIP_INCHES * dpi
    return ONE_COLUMN if is_slip else AUTOMATIC
