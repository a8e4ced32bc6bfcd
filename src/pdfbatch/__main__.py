"""``python -m pdfbatch``: run the command line."""

from pdfbatch.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
