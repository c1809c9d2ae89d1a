import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type Addresses, LOCK } from '../local/lock-file.ts';
import { dataFolder, urlOption } from './command-line.ts';

const shape: z.ZodType<Addresses> = z.object({
  api: z.string(),
  doors: z.record(z.string(), z.string()),
  processor: z.string(),
  carrier: z.string(),
  temporal: z.object({ address: z.string(), namespace: z.string() }),
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

/** A JSON file of the data folder; empty if it is absent or has another shape. */
export function readJson<Content extends object>(file: string, content: z.ZodType<Content>): Partial<Content> {
  try {
    return content.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
