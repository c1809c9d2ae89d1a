# One image for every process of the platform; the command decides what a container runs. Try it with:
#   docker build -t order-platform . && docker run --init order-platform node services/main.ts payment
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY activities activities
COPY workflows workflows
COPY platform platform
COPY services services
COPY gateway gateway
COPY sandbox sandbox
COPY tools tools
COPY local/lock-file.ts local/
COPY deploy/healthy.mjs deploy/compile.mjs deploy/slim.mjs deploy/
# Bundling at build time lets a worker start in half a second on a read-only file system.
RUN node --input-type=module -e "await (await import('./platform/temporal/workflow-bundle.ts')).workflowBundle('.cache')" \
 && node deploy/slim.mjs

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 CACHE_DIR=/app/.cache NODE_COMPILE_CACHE=/app/.cache/compiled
WORKDIR /app
COPY --from=build /app /app
# A volume mounted at /data, for the sandbox's ledgers, belongs to the user below.
RUN mkdir /data .cache/compiled && chown node:node /data .cache/compiled
USER node
# Node's compile cache is per user.
RUN node deploy/compile.mjs
# HEALTH_URL is the readiness URL of the container's process. Without it, as in one-off jobs, the check succeeds.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=6 CMD ["node", "deploy/healthy.mjs"]
CMD ["node", "--import", "./platform/telemetry/tracing.ts", "--max-semi-space-size=4", "--heap-growing-percent=25", "gateway/main.ts"]
