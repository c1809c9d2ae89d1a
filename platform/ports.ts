import { createServer, type AddressInfo, type Server } from 'node:net';
import { SettingError } from './config.ts';

/** `port` if nothing listens there, or a free one where it is 0; otherwise an error that names `setting`. */
export async function takePort(port: number, setting: string): Promise<number> {
  const server = await bind(port, setting);
  return release(server);
}

/** The same for several at once, by their settings' names: no two of them come out alike. */
export async function takePorts<Setting extends string>(
  wanted: Readonly<Record<Setting, number>>,
): Promise<Record<Setting, number>> {
  const settings = Object.keys(wanted) as Setting[];
  const twice = settings.find(
    (one, at) => wanted[one] !== 0 && settings.some((other, before) => before < at && wanted[other] === wanted[one]),
  );
  if (twice) throw new SettingError(`setting ${twice}: port ${wanted[twice]} is meant for two things`);
  const outcomes = await Promise.allSettled(settings.map((setting) => bind(wanted[setting], setting)));
  const servers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const ports = await Promise.all(servers.map(release));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return Object.fromEntries(settings.map((setting, at) => [setting, ports[at]!])) as Record<Setting, number>;
}

// Below those that systems give to connections: any of these might have one between here and whoever is to listen at it.
// Above the last that fetch does not ask ("bad port", https://fetch.spec.whatwg.org/#port-blocking).
const FREE = { from: 10_081, to: 32_768 };
const TRIES = 100;
// A port is looked for and then left to whoever will listen at it, so two processes that look at the same time could find
// the same one. Each takes its ports one after the other from a place of its own; processes that start together have
// neighbouring numbers, and so this many ports between them.
const PORTS_A_PROCESS = 500;
let next = process.pid * PORTS_A_PROCESS;

const nextPort = () => FREE.from + (next++ % (FREE.to - FREE.from));

async function bind(port: number, setting: string): Promise<Server> {
  for (let left = TRIES; ; left -= 1) {
    const wanted = port === 0 ? nextPort() : port;
    try {
      return await bindAt(wanted);
    } catch (error) {
      if (port !== 0 || left === 0) throw new SettingError(complaint(error as NodeJS.ErrnoException, wanted, setting));
    }
  }
}

function bindAt(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function complaint({ code }: NodeJS.ErrnoException, port: number, setting: string): string {
  if (code === 'EACCES') return `port ${port} may not be used by this user: set ${setting} to one above 1023`;
  return `port ${port} is already in use: set ${setting} to a free one, or stop what listens there`;
}

function release(server: Server): Promise<number> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => server.close(() => resolve(port)));
}
