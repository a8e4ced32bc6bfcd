"""The parent's side of a batch."""

from pdfbatch.batch.batch import Batch as Batch
