// The container's HEALTHCHECK: succeeds if the process at HEALTH_URL is ready.
const url = process.env.HEALTH_URL;
if (url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  if (!response?.ok) process.exit(1);
}
