import { type AnyRoute, type Reply, route } from '../platform/http/route.ts';

/** What a person may read about a sandbox server at `/`. Texts are plain; the page escapes them. */
export interface SandboxPage {
  title: string;
  /** What the server stands for. */
  about: string;
  table: { caption: string; columns: readonly [string, string]; rows: readonly (readonly [string, string])[] };
  /** Commands to try, given the server's URL. */
  examples: (url: string) => readonly { purpose: string; command: string }[];
}

// One page without scripts; nothing is loaded from elsewhere.
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
};

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: 0.35rem 1rem 0.35rem 0; border-bottom: 1px solid #ddd; }
  code, pre { font: 14px/1.5 ui-monospace, monospace; }
  pre { background: #f4f4f4; padding: 0.75rem; overflow-x: auto; }
  form { display: inline; } button { font: inherit; padding: 0.35rem 1.5rem; margin-right: 0.5rem; }`;

/** `GET /`: a page that lists what can be tried at this server, and its endpoints. */
export const pageRoute = (page: SandboxPage, routes: readonly AnyRoute[]): AnyRoute =>
  route({
    method: 'get',
    path: '/',
    operationId: 'readPage',
    summary: 'This page',
    tag: 'documentation',
    access: 'public',
    responses: { 200: { description: 'A page', mediaType: 'text/html' } },
    // The address that this reader reached the server at.
    handle: async ({ header }) => ({
      status: 200,
      headers: HEADERS,
      body: render(page, routes, `http://${header('Host')}`),
    }),
  });

/** A page with a sentence, and buttons that post one field each to the same address. Texts are plain. */
export const formPage = ({
  title,
  about,
  buttons,
}: {
  title: string;
  about: string;
  buttons: readonly { name: string; value: string; text: string }[];
}): Reply => ({
  status: 200,
  headers: HEADERS,
  body: documentOf(
    title,
    `<p>${escape(about)}</p>
${buttons
  .map(
    ({ name, value, text }) =>
      `<form method="post"><button name="${escape(name)}" value="${escape(value)}">${escape(text)}</button></form>`,
  )
  .join('\n')}`,
  ),
});

function render({ title, about, table, examples }: SandboxPage, routes: readonly AnyRoute[], url: string): string {
  const endpoints = routes.map(({ method, path, summary }) => [`${method.toUpperCase()} ${path}`, summary] as const);
  const commands = examples(url).map(
    ({ purpose, command }) => `<p>${escape(purpose)}</p>\n<pre>${escape(command)}</pre>`,
  );
  return documentOf(
    title,
    `<p>${escape(about)}</p>
<h2>${escape(table.caption)}</h2>
${tableOf(table.columns, table.rows)}
<h2>Try it</h2>
${commands.join('\n')}
<h2>Endpoints</h2>
${tableOf(['Request', 'What it does'], endpoints)}`,
  );
}

/** `content` is HTML. */
const documentOf = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(title)}</h1>
${content}
</body>
</html>
`;

/** The first column is code. */
const tableOf = (columns: readonly [string, string], rows: readonly (readonly [string, string])[]): string =>
  `<table>
<thead><tr>${columns.map((name) => `<th>${escape(name)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map(([code, text]) => `<tr><td><code>${escape(code)}</code></td><td>${escape(text)}</td></tr>`).join('\n')}
</tbody>
</table>`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
