# Stands in for temporalio/ui: the server, which contains the pages, from the Go module of the same version.
ARG DEBIAN
FROM $DEBIAN
RUN useradd --uid 1000 temporal
WORKDIR /home/ui-server
COPY server ui-server
COPY docker.yaml config/docker.yaml
USER temporal
ENTRYPOINT ["./ui-server", "--env", "docker", "start"]
