import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** One recorded history: which scenario it shows, of which workflow, and with which SDK it was made. */
export interface Recorded {
  file: string;
  scenario: string;
  workflowId: string;
  sdk: string;
}

const folder = path.join(import.meta.dirname, 'recorded');
const manifestFile = path.join(folder, 'manifest.json');

export const readManifest = (): Recorded[] => JSON.parse(readFileSync(manifestFile, 'utf8')) as Recorded[];

export const writeManifest = (recorded: readonly Recorded[]): void =>
  writeFileSync(manifestFile, `${JSON.stringify(recorded, undefined, 2)}\n`);

export const recordedFiles = (): string[] => readdirSync(folder).filter((name) => name !== path.basename(manifestFile));

export const readHistory = (file: string): unknown => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

/** Never writes over a history that is there: what is deployed may be in the middle of it. */
export const writeHistory = (file: string, history: unknown): void =>
  writeFileSync(path.join(folder, file), `${JSON.stringify(history, undefined, 1)}\n`, { flag: 'wx' });
