# Stands in for temporalio/admin-tools: the tools from the Go module of the same version, and the Temporal CLI.
ARG DEBIAN
FROM $DEBIAN
COPY sql /usr/local/bin/temporal-sql-tool
COPY temporal /usr/local/bin/temporal
COPY schema /etc/temporal/schema
RUN useradd --uid 1000 temporal
USER temporal
