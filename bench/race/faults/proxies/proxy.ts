import { once } from 'node:events';
import net from 'node:net';

/** Both sides of one client's connection: each has one of its own to the server. */
export interface Sockets {
  client: net.Socket;
  upstream: net.Socket;
}

/** A client's connection that goes through a proxy. */
export interface Connection {
  /** Whether a request is under way on it. */
  busy(): boolean;
  /** The bytes of the requests under way, as far as they are known. */
  requests(): readonly Buffer[];
}

/** Whose answers are lost. */
export interface Losses {
  /** Asked once for each request whose answer may be lost: whether it will be. */
  loseNext(): boolean;
  /** Told when an answer is lost, with the bytes of the request and of the answer. */
  lost(bytes: readonly Buffer[]): void;
}

/** Passes bytes between both sockets, in the way of one protocol. */
export type Serve = (sockets: Sockets, losses: Losses) => Connection;

/** A connection with its sockets. */
export interface ProxiedConnection extends Connection {
  destroy(): void;
}

export interface Proxy {
  name: string;
  connections: ReadonlySet<ProxiedConnection>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Listens on `port` and passes each connection on to `target`. Whatever ends one side of a connection ends the other, so
 * that a killed server cannot be reached through its proxy either: a connection that cannot be passed on is destroyed.
 */
export async function openProxy(
  { name, port, target }: { name: string; port: number; target: number },
  serve: (sockets: Sockets) => Connection,
): Promise<Proxy> {
  const connections = new Set<ProxiedConnection>();
  // Without a delay for small packets: each would wait for the acknowledgement of the one before.
  const server = net.createServer({ noDelay: true }, (client) => {
    const upstream = net.connect({ host: HOST, port: target, noDelay: true });
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    const destroy = () => {
      connections.delete(connection);
      for (const socket of [client, upstream]) socket.destroy();
    };
    const connection: ProxiedConnection = { ...serve({ client, upstream }), destroy };
    connections.add(connection);
    client.once('close', () => connections.delete(connection));
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  return {
    name,
    connections,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

/** Passes bytes on, those for which `seen` returns true, at the pace of the receiver; then the end of the connection. */
export function pass(from: net.Socket, to: net.Socket, seen: (bytes: Buffer) => boolean): void {
  from.on('data', (bytes: Buffer) => {
    if (seen(bytes) && !to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
  // What was written before is still sent.
  from.on('close', () => to.destroySoon());
}
