# One image for every role: docker run framefan produce|sample|analyze|list|probe|camera ...
# Display and demo want a screen: run those outside of containers.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
# A virtual environment is the one directory that the final stage takes over; it needs no pip of its own.
RUN python -m venv --without-pip /opt/framefan
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/framefan/bin/python --disable-pip-version-check install \
    '.[consumer-headless,producer-headless]'

FROM python:${PYTHON}-slim-bookworm
LABEL org.opencontainers.image.title="framefan" \
      org.opencontainers.image.description="The newest frame of a camera, on any machine" \
      org.opencontainers.image.licenses="MIT"
# A number, so that Kubernetes can tell that it is not root. A new volume at /samples inherits the owner.
RUN useradd --system --uid 10001 --no-create-home framefan && install --directory --owner framefan /samples
COPY --from=build /opt/framefan /opt/framefan
ENV PATH=/opt/framefan/bin:$PATH
USER 10001
# Frames, states, requests.
EXPOSE 5550-5552
# For a producer: healthy is who has fresh frames of all cameras. Other roles bring a check of their own, or --no-healthcheck.
# The check gives up before its time-out, so that the reason stands in `docker inspect`.
HEALTHCHECK --start-period=30s --interval=15s --timeout=5s --retries=3 \
    CMD ["framefan", "probe", "tcp://127.0.0.1:5550", "--quick", "--max-age", "10s"]
ENTRYPOINT ["framefan"]
CMD ["--help"]
