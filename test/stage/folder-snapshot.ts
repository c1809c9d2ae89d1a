import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Every entry of a folder with its time of change, and the contents of its files: two snapshots compare equal if nothing was touched. */
export function snapshot(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const contents = entry.isFile() ? readFileSync(file, 'base64') : '';
      return `${path.relative(folder, file)} ${statSync(file).ctimeMs} ${contents}`;
    })
    .toSorted();
}
