# The server and the command line, without PyTorch.
#
#   docker build -t crackscope .
#   docker run --rm --read-only --tmpfs /tmp -v crackscope-data:/data -p 127.0.0.1:8000:8000 crackscope
#   docker run --rm --network none -v "$PWD/photos:/photos:ro" crackscope predict /photos
FROM python:3.12-slim AS build
WORKDIR /source
# hadolint ignore=DL3013
RUN pip install --no-cache-dir build
COPY . .
RUN python -m build --wheel --outdir /wheels

FROM python:3.12-slim
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir "$(echo /wheels/crackscope-*.whl)[serve,parquet,geo,dxf,heic,video,postgres]" \
    && useradd --create-home --uid 10001 crackscope \
    && install --directory --owner=crackscope /data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["crackscope"]
# Whoever connects from outside the container needs a token: crackscope serve user add NAME --data-dir /data
CMD ["serve", "--host", "0.0.0.0", "--data-dir", "/data"]
