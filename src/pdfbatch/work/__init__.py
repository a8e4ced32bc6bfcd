"""What a worker does to one task."""

from pdfbatch.work.document_work import DocumentWork as DocumentWork
