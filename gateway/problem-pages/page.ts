import { hash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { titleOf } from '../../platform/http/problem.ts';
import type { ProblemDescription } from './registry.ts';

const STYLE = `
body { margin: 0 auto; max-width: 44rem; padding: 2rem 1rem; color: #3b4151; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; }
h2 { font-size: 1.1rem; margin-bottom: 0; }
a { color: #4990e2; }
code { background: #f0f0f0; border-radius: 3px; padding: 0 0.25em; }
.status { color: #6b7280; margin: 0; }
li { margin: 0.25rem 0; }
@media (prefers-color-scheme: dark) { body { background: #1c2022; color: #dfe4ea; } code { background: #333; } }
`;

/** The page loads nothing and runs nothing; its style is allowed by its digest. */
export const HTML_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
};

/** The page about one problem. */
export const pageOf = (code: string, { status, meaning, action }: ProblemDescription): string =>
  page(
    titleOf(code),
    `<p class="status">${status} ${STATUS_CODES[status]}, code <code>${code}</code></p>
    <h1>${titleOf(code)}</h1>
    <h2>What it means</h2>
    <p>${formatted(meaning)}</p>
    <h2>What to do</h2>
    <p>${formatted(action)}</p>
    <p><a href="/problems">All problems</a> · <a href="/docs">API documentation</a></p>`,
  );

/** The page that lists all problems by status. */
export function indexPage(problems: Readonly<Record<string, ProblemDescription>>): string {
  const byStatus = Map.groupBy(Object.entries(problems), ([, { status }]) => status);
  const sections = [...byStatus]
    .toSorted(([one], [other]) => one - other)
    .map(
      ([status, entries]) => `<h2>${status} ${STATUS_CODES[status]}</h2>
    <ul>${entries.map(([code]) => `<li><a href="/problems/${code}">${titleOf(code)}</a></li>`).join('')}</ul>`,
    );
  return page(
    'Problems',
    `<h1>Problems</h1>
    <p>What an error response of this API means. Its <code>type</code> is the address of one of these pages.</p>
    ${sections.join('')}
    <p><a href="/docs">API documentation</a></p>`,
  );
}

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title} · Order platform API</title>
    <link rel="icon" href="data:," />
    <style>${STYLE}</style>
  </head>
  <body>
    ${content}
  </body>
</html>
`;

/** Descriptions are our own text, and no input: only `<` is special in it, and backticks mark code. */
const formatted = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]+)`/g, '<code>$1</code>');
