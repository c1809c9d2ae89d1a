import { setTimeout as sleep } from 'node:timers/promises';

const TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** Polls `url` until its status is 2xx; throws after a minute. */
export async function waitUntilOk(url: string): Promise<void> {
  for (const deadline = Date.now() + TIMEOUT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const isOk = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isOk) return;
  }
  throw new Error(`${url} was not available within ${TIMEOUT_MS / 1000} s`);
}
