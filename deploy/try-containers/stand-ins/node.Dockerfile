# Stands in for node:24-slim: Node and npm of this machine on Debian, with the user `node`.
ARG DEBIAN
FROM $DEBIAN
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
# So that `npm ci` reaches the same registry in the same way as on this machine.
COPY npmrc /usr/local/etc/npmrc
COPY certificates.pem /etc/ssl/certs/ca-certificates.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && groupadd --gid 1000 node \
 && useradd --uid 1000 --gid node --create-home node
