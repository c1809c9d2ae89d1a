import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type Addresses, LOCK } from '../local/lock-file.ts';
import type { ServiceAddress } from '../platform/http/client.ts';
import { REGISTRY, type ServiceName } from '../services/registry.ts';
import { ToolError, dataFolder, urlOption } from './command-line.ts';

const shape: z.ZodType<Addresses> = z.object({
  api: z.string(),
  doors: z.record(z.string(), z.string()),
  processor: z.string(),
  carrier: z.string(),
  temporal: z.object({ address: z.string(), namespace: z.string(), own: z.boolean().optional() }),
});

/** The addresses that a running `npm start` writes to its data folder. Empty if no platform runs from there. */
export const runningPlatform = (folder = dataFolder()): Partial<Addresses> => readJson(path.join(folder, LOCK), shape);

/** The API's base URL: `--api`, else API_URL, else the platform that runs from the data folder, else the default port. */
export const apiUrl = (option: string | undefined): string =>
  urlOption('--api', option ?? (process.env.API_URL || (runningPlatform().api ?? 'http://127.0.0.1:3000')));

/** The sandbox carrier's base URL, found in the same way. */
export const carrierUrl = (running = runningPlatform(), environment = process.env): string =>
  urlOption('CARRIER_URL', environment.CARRIER_URL || (running.carrier ?? 'http://127.0.0.1:4020'));

/** The sandbox card processor's base URL. */
export const processorUrl = (running = runningPlatform(), environment = process.env): string =>
  urlOption('PROCESSOR_URL', environment.PROCESSOR_URL || (running.processor ?? 'http://127.0.0.1:4010'));

const Secrets = z.object({ serviceToken: z.string().optional() });

/**
 * How to reach each service: `<NAME>_URL` (several addresses separated by commas) with SERVICE_TOKEN, else as the platform
 * that runs from the data folder has it, else at the default port.
 * @throws {ToolError} there is no token
 */
export function serviceAddresses(
  running: Partial<Addresses>,
  environment: NodeJS.ProcessEnv,
  folder: string,
): (service: ServiceName) => ServiceAddress {
  const token = environment.SERVICE_TOKEN || readJson(path.join(folder, 'secrets.json'), Secrets).serviceToken;
  if (!token) {
    throw new ToolError(
      `no service token: set SERVICE_TOKEN, or set DATA_DIR to the data folder of a running platform (${folder} has none)`,
    );
  }
  return (service) => {
    const setting = `${service.toUpperCase()}_URL`;
    const given = environment[setting] || running.doors?.[service] || `http://127.0.0.1:${REGISTRY[service].port}`;
    return { service, urls: given.split(',').map((url) => urlOption(setting, url.trim())), token };
  };
}

/** A JSON file of the data folder; empty if it is absent or has another shape. */
export function readJson<Content extends object>(file: string, content: z.ZodType<Content>): Partial<Content> {
  try {
    return content.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
