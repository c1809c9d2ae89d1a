# Stands in for temporalio/server: the server and its entry point from the Go module of the same version.
ARG DEBIAN
FROM $DEBIAN
RUN apt-get update \
 && apt-get install --yes --no-install-recommends netcat-openbsd \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 temporal
COPY server /usr/local/bin/temporal-server
COPY entrypoint.sh /etc/temporal/entrypoint.sh
WORKDIR /etc/temporal
USER temporal
# Debian's sh lacks pipefail, which the script sets.
CMD ["bash", "/etc/temporal/entrypoint.sh"]
