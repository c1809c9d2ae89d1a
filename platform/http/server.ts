import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';
import { SettingError } from '../config.ts';

export interface Listening {
  url: string;
  port: number;
  /** Takes no new requests, lets those under way end (10 s at most), then closes. */
  close(): Promise<void>;
}

/** Below every load balancer's patience, above a slow client's: how long requests may take to finish at shutdown. */
const DRAIN_MS = 10_000;

/** Serves `app` over HTTP. Fails with a SettingError that names `setting` where the port is taken. */
export async function listen(
  app: Koa,
  { port, host = '127.0.0.1', setting }: { port: number; host?: string; setting: string },
): Promise<Listening> {
  const server = createServer(
    { headersTimeout: 15_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 },
    app.callback(),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new SettingError(`port ${port} is already in use: set ${setting} to a free one, or stop what listens there`)
          : error,
      ),
    );
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        const cutOff = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
        server.close(() => {
          clearTimeout(cutOff);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
