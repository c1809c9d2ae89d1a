import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** One recorded history: its scenario, its workflow, and the version of the SDK that recorded it. */
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

/** Fails if the file exists: deployed workflows may depend on every recorded history. */
export const writeHistory = (file: string, history: unknown): void =>
  writeFileSync(path.join(folder, file), `${JSON.stringify(history, undefined, 1)}\n`, { flag: 'wx' });
