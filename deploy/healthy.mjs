// The container's HEALTHCHECK: succeeds where the process at HEALTH_URL can do its work.
const url = process.env.HEALTH_URL;
if (url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  if (!response?.ok) process.exit(1);
}
