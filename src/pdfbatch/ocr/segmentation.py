"""How tesseract is to look for columns on a picture."""

AUTOMATIC, ONE_COLUMN = 3, 4

SLIP_ASPECT = 1.75
"""Height by width from which a picture is a slip (a till receipt, a label): longer than any sheet of office paper (A4 1.41,
US legal 1.65) and too narrow for columns of text beside each other. Tesseract's automatic mode takes the names and the prices
of a receipt for two columns now and then, and reads one after the other."""


def segmentation(size: tuple[int, int], chosen: int | None = None) -> int:
    """The page segmentation mode (tesseract's ``--psm``) for a picture of ``(width, height)`` pixels: the chosen one, or by
    its shape: one column of lines on a slip, else automatic.
    """
    if chosen is not None:
        return chosen
    width, height = size
    return ONE_COLUMN if height >= SLIP_ASPECT * width else AUTOMATIC
