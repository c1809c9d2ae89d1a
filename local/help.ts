import { readFileSync } from 'node:fs';
import path from 'node:path';

const PAGE = 'docs/settings.md';
const ROW = /^\| `(?<name>[A-Z_]+)` +\| (?<byDefault>[^|]*?) +\| (?<meaning>[^|]*?) +\|$/gm;

/** The text of `npm start -- --help`. The settings are those of docs/settings.md, which a test compares with the code. */
export function helpText(): string {
  const page = readFileSync(path.join(import.meta.dirname, '..', PAGE), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('`npm start`\n')) ?? '';
  const rows = [...section.matchAll(ROW)].map(
    ({ groups }) => groups as Record<'name' | 'byDefault' | 'meaning', string>,
  );
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [
    'usage: npm start -- [--reset] [--separate]',
    '',
    'Runs the whole platform on this machine until Ctrl-C.',
    '',
    '  --reset     delete all data first',
    '  --separate  run each service in a process of its own',
    '  --help      print this text',
    '',
    'Settings from the environment, with their defaults:',
    ...rows.map(({ name, byDefault, meaning }) => `  ${name.padEnd(width)}  ${plain(meaning)} [${plain(byDefault)}]`),
    '',
    'example: PORT=8080 DATA_DIR=/var/tmp/shop npm start',
    `More about each, and the settings of every process: ${PAGE}`,
    '',
  ].join('\n');
}

/** Without Markdown's marks of code and links. */
const plain = (markdown: string): string =>
  markdown.replaceAll('`', '').replaceAll(/\[(?<text>[^\]]*)\]\([^)]*\)/g, '$<text>');
