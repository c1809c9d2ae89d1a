import { createServer, type AddressInfo, type Server } from 'node:net';
import { SettingError } from './config.ts';

/** Returns `port` if nothing listens there, or a free port if it is 0; otherwise fails and names `setting`. */
export async function takePort(port: number, setting: string): Promise<number> {
  const server = await bind(port, setting);
  return release(server);
}

/** A free port that nobody else needs to know, in a range where none is searched for a process that is started later. */
export async function takePrivatePort(use: string): Promise<number> {
  return release(await bind(0, use, PRIVATE));
}

/** The same for several ports at once, keyed by setting. All returned ports differ. */
export async function takePorts<Setting extends string>(
  wanted: Readonly<Record<Setting, number>>,
): Promise<Record<Setting, number>> {
  const settings = Object.keys(wanted) as Setting[];
  const duplicate = settings.find(
    (setting, at) =>
      wanted[setting] !== 0 && settings.some((other, before) => before < at && wanted[other] === wanted[setting]),
  );
  if (duplicate) throw new SettingError(`setting ${duplicate}: port ${wanted[duplicate]} is used twice`);
  const outcomes = await Promise.allSettled(settings.map((setting) => bind(wanted[setting], setting)));
  const servers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const ports = await Promise.all(servers.map(release));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return Object.fromEntries(settings.map((setting, at) => [setting, ports[at]!])) as Record<Setting, number>;
}

// Below the ephemeral range: an outgoing connection could take such a port before the server listens on it.
// Above the last port that fetch blocks (https://fetch.spec.whatwg.org/#port-blocking).
const FREE = { from: 10_081, to: 20_000 };
const PRIVATE = { from: 28_000, to: 32_768 };
const TRIES = 100;
// A free port is released before its server listens on it, so two processes that search at the same time could find the
// same one. Each process searches upwards from its own start. Processes that start together have ids that are near each other,
// and steps of the golden section keep these apart: by 217 ports or more where the ids differ by up to 33.
const STEP = Math.round((FREE.to - FREE.from) * 0.618);
let next = process.pid * STEP;

const nextPort = ({ from, to }: typeof FREE) => from + (next++ % (to - from));

async function bind(port: number, setting: string, range = FREE): Promise<Server> {
  for (let left = TRIES; ; left -= 1) {
    const wanted = port === 0 ? nextPort(range) : port;
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
  if (code === 'EACCES') return `this user may not listen on port ${port}: set ${setting} to a port above 1023`;
  return portInUse(port, setting);
}

export const portInUse = (port: number, setting: string): string =>
  `port ${port} is already in use: set ${setting} to a free port, or stop the program that listens there`;

function release(server: Server): Promise<number> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => server.close(() => resolve(port)));
}
