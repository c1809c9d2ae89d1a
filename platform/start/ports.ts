import { createServer, type AddressInfo, type Server } from 'node:net';
import { SettingError } from '../config.ts';

/** `port` if nothing listens there, or a free one where it is 0; otherwise an error that names `setting`. */
export async function takePort(port: number, setting: string): Promise<number> {
  const server = await bind(port, setting);
  return release(server);
}

/** `count` different free ports. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => bind(0, 'a port')));
  return Promise.all(servers.map(release));
}

function bind(port: number, setting: string): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', () =>
      reject(
        new SettingError(`port ${port} is already in use: set ${setting} to a free one, or stop what listens there`),
      ),
    );
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function release(server: Server): Promise<number> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => server.close(() => resolve(port)));
}
