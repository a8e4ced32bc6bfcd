"""A service that reads uploaded documents and shows how it goes while it reads them.

    pip install fastapi uvicorn python-multipart
    uvicorn fastapi_service:app

``POST /batches`` takes files and answers at once with an id. ``GET /batches/{id}/events`` sends an event as each document ends,
and one at the end: ``new EventSource(address)`` in a browser. ``GET /batches/{id}`` has what there is so far. Batches are kept
in memory here: put them where they expire, and where all processes of your service see them.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.responses import StreamingResponse

from pdfbatch import BatchProcessor, Document, DocumentResult, Limits


@dataclass(eq=False)
class Job:
    """The documents of one request: what has ended, and the task that reads the rest."""

    total: int
    results: list[DocumentResult] = field(default_factory=list[DocumentResult])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: "asyncio.Task[None] | None" = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.task is not None and self.task.done()

    async def read(self, processor: BatchProcessor, documents: list[Document]) -> None:
        """Read the documents, and wake all who wait for news."""
        async for result in processor.astream(documents):
            async with self.changed:
                self.results.append(result)
                self.changed.notify_all()


processor = BatchProcessor(limits=Limits(document_timeout=60, max_pages=500, max_file_bytes="50M"))
jobs: dict[str, Job] = {}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    """Keep one warm pool for as long as the service runs."""
    async with processor:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/batches", status_code=202)
async def start(files: list[UploadFile]) -> dict[str, str]:
    """Begin to read some files; answer with the id of the batch."""
    documents = [Document(file.filename or "upload.pdf", content=await file.read()) for file in files]
    name, job = uuid.uuid4().hex, Job(total=len(documents))
    jobs[name] = job
    job.task = asyncio.create_task(job.read(processor, documents))
    return {"id": name}


@app.get("/batches/{name}")
async def show(name: str) -> dict[str, object]:
    """Return the texts that there are."""
    job = find(name)
    return {"total": job.total, "documents": [describe(result) | {"text": result.text} for result in job.results]}


@app.get("/batches/{name}/events")
async def follow(name: str) -> StreamingResponse:
    """Send an event for each document, from the first one on, then ``end``."""
    return StreamingResponse(events(find(name)), media_type="text/event-stream")


async def events(job: Job) -> AsyncIterator[str]:
    """Yield what has ended, and wait for more, until all have."""
    sent = 0
    while sent < job.total:
        async with job.changed:
            while len(job.results) == sent:
                await job.changed.wait()
            news = job.results[sent:]
        for result in news:
            sent += 1
            yield f"data: {json.dumps({'done': sent, 'total': job.total, **describe(result)})}\n\n"
    yield "event: end\ndata: {}\n\n"


def find(name: str) -> Job:
    """Return a batch, or answer 404."""
    if name not in jobs:
        raise HTTPException(404, "no such batch")
    return jobs[name]


def describe(result: DocumentResult) -> dict[str, object]:
    """Return what a client may know: never a message, which can name paths of the server."""
    failure = None if result.failure is None else {"cause": result.failure.cause, "advice": result.failure.cause.advice}
    return {
        "name": result.document.file_path,
        "status": result.status,
        "pages": result.counts.pages,
        "failure": failure,
    }
