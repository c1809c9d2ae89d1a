import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { REGISTRY, SERVICES } from '../../services/registry.ts';

const root = path.join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...globSync('docs/**/*.md', { cwd: root }),
];
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const read = (page: string): string => readFileSync(path.join(root, page), 'utf8');
/** Examples in fences are not links. */
const prose = (page: string): string => read(page).replaceAll(/^ *```[^]*?^ *```$/gm, '');

/** Anchors of a page's headings, as GitHub makes them. */
const anchors = (page: string): Set<string> =>
  new Set(
    [...prose(page).matchAll(/^#+ (?<heading>.*)$/gm)].map(({ groups }) =>
      groups!
        .heading!.toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

function broken(page: string, target: string): boolean {
  const [file, anchor] = target.split('#') as [string, string?];
  const linked = file === '' ? page : path.join(path.dirname(page), file);
  if (!existsSync(path.join(root, linked))) return true;
  return anchor !== undefined && !anchors(linked).has(anchor);
}

/** Files and folders of this repository that a page names in backticks; those with a placeholder name none. */
function named(page: string): string[] {
  const found = [...prose(page).matchAll(/`(?<name>[^`\s]+)`/g)].map(({ groups }) => groups!.name!);
  const base = page === 'bench/README.md' ? 'bench/' : '';
  return found
    .filter((name) => /^[\w.\-/]+$/.test(name) && name.includes('/'))
    .filter((name) => folders.includes(name.split('/')[0]!) || (base !== '' && /^(race|studies)\//.test(name)))
    .map((name) => (existsSync(path.join(root, base + name)) ? base + name : name));
}

describe('the documentation', () => {
  for (const page of pages) {
    it(`has no broken link in ${page}`, () => {
      const targets = [...prose(page).matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(({ groups }) => groups!.target!);
      const local = targets.filter((target) => !/^https?:/.test(target));
      assert.deepEqual(
        local.filter((target) => broken(page, target)),
        [],
      );
    });

    it(`names only files that exist in ${page}`, () => {
      // What only exists once it is made.
      const missing = named(page).filter((name) => !/^\.(cache|data|git)\//.test(name));
      assert.deepEqual(
        missing.filter((name) => !existsSync(path.join(root, name))),
        [],
      );
    });
  }

  it('has a page of each decision in the index', () => {
    const index = read('docs/decisions/README.md');
    for (const page of readdirSync(path.join(root, 'docs/decisions'))) {
      if (page === 'README.md') continue;
      const title = /^# \d+\. (?<title>.*)$/m.exec(read(`docs/decisions/${page}`))?.groups!.title;
      assert.ok(index.includes(`| ${Number(page.slice(0, 4))}`) && index.includes(`[${title}](${page})`), page);
    }
  });

  it('says in the table of services what the registry says', () => {
    const rows = [...read('docs/architecture.md').matchAll(/^\| (?<cells>[a-z]+ +\| \d{4} .*) \|$/gm)];
    const documented = rows.map(({ groups }) => {
      const cells = groups!.cells!.split('|').map((cell) => cell.trim());
      const [name, port, , , publishes, subscribesTo] = cells as [string, string, string, string, string, string?];
      return [name, Number(port), publishes !== '', subscribesTo ? subscribesTo.split(', ') : []];
    });
    assert.deepEqual(
      documented,
      SERVICES.map((name) => {
        const { port, publishes, subscribesTo } = REGISTRY[name];
        return [name, port, publishes, [...subscribesTo]];
      }),
    );
  });
});
