import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { findTemporal } from '../../../local/temporal-binary.ts';

const run = promisify(execFile);

export const SERVER_VERSION = 'v1.29.1';
const PACKAGES = ['tools/sql', 'server'].map((name) => `go.temporal.io/server/cmd/${name}@${SERVER_VERSION}`);
// A build takes 5 minutes on two idle cores.
const BUILD_TIMEOUT_MS = 20 * 60_000;

export interface FullServer {
  kind: 'full';
  server: string;
  sqlTool: string;
}

export interface DevServer {
  kind: 'dev';
  executable: string;
  /** Why the full server is not available. */
  reason: string;
}

/** The full server, built here from its source, or the development server on a file. */
export type ServerBinary = FullServer | DevServer;

/** Builds the full server once and keeps it in `cache`; returns the development server if Go is missing. */
export async function findServer(cache: string, print: (line: string) => void): Promise<ServerBinary> {
  const folder = path.join(cache, `temporal-server-${SERVER_VERSION}`);
  const built: FullServer = { kind: 'full', server: path.join(folder, 'server'), sqlTool: path.join(folder, 'sql') };
  if (existsSync(built.server) && existsSync(built.sqlTool)) return built;
  try {
    await run('go', ['version']);
  } catch {
    return developmentServer(cache, 'Go is missing');
  }
  print(`building Temporal's server ${SERVER_VERSION}: this takes some minutes, once`);
  mkdirSync(folder, { recursive: true });
  for (const name of PACKAGES) {
    await run('go', ['install', name], { env: { ...process.env, GOBIN: folder }, timeout: BUILD_TIMEOUT_MS });
  }
  return built;
}

/** The development server, also where the full one could be built. */
export const developmentServer = async (cache: string, reason = 'as the command line says'): Promise<DevServer> => ({
  kind: 'dev',
  executable: await findTemporal(cache),
  reason,
});
