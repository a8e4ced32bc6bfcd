# pdfbatch with OCR, as an ordinary user. Its workers are reaped by pdfbatch itself, so no other init is needed.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY .ci/man_page.py ./.ci/
COPY src ./src
RUN python -m venv /opt/pdfbatch \
 && /opt/pdfbatch/bin/pip install --no-cache-dir ".[ocr,tesserocr,cli,s3,http,redis,parquet]"

FROM python:3.13-slim
COPY --from=build /opt/pdfbatch /opt/pdfbatch
RUN useradd --create-home --uid 10001 pdfbatch
USER pdfbatch
WORKDIR /home/pdfbatch
ENV PATH=/opt/pdfbatch/bin:$PATH PYTHONUNBUFFERED=1
STOPSIGNAL SIGTERM
ENTRYPOINT ["pdfbatch"]
CMD ["--help"]
