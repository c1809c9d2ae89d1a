import { type Connection, type Sockets, pass } from './proxy.ts';

/** A connection counts as busy for this long after its last bytes: what they mean is unknown. */
const BUSY_MS = 100;

/** Passes any bytes. */
export function serveTcp({ client, upstream }: Sockets): Connection {
  let lastAt = Number.NEGATIVE_INFINITY;
  const seen = () => {
    lastAt = performance.now();
    return true;
  };
  pass(client, upstream, seen);
  pass(upstream, client, seen);
  return { busy: () => performance.now() - lastAt < BUSY_MS, requests: () => [] };
}
