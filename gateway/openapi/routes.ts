import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { openApi } from './document.ts';

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Order platform API</title>
    <link rel="icon" href="/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;
// Authorize opens at the field for a user's token. It leaves out the carrier, who signs each body: nobody can enter that.
const START = `const forPeople = {
  statePlugins: {
    auth: {
      wrapSelectors: {
        definitionsToAuthorize:
          (original) =>
          (...args) =>
            original(...args)?.filter((definition) => !definition.has('carrier')),
      },
      wrapActions: {
        showDefinitions: (original) => (definitions) => {
          original(definitions);
          if (definitions) setTimeout(() => document.getElementById('auth-bearer-value')?.focus());
        },
      },
    },
  },
};
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  persistAuthorization: false,
  plugins: [forPeople],
});
`;

/** The page's files: one of our own, the others from swagger-ui-dist. The page loads nothing from other hosts. */
const PARTS: Readonly<Record<string, string>> = {
  'start.js': 'text/javascript; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

// Swagger UI needs inline styles and data: URLs for its icons. Scripts run only from our own files.
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The OpenAPI document of these and its own routes, and a page to read it. */
export function documentationRoutes(described: readonly AnyRoute[]): AnyRoute[] {
  const routes = [openApiRoute(() => document), pageRoute, partRoute];
  const document = openApi([...described, ...routes]);
  return routes;
}

const openApiRoute = (document: () => unknown): AnyRoute =>
  route({
    method: 'get',
    path: '/openapi.json',
    operationId: 'readOpenApi',
    summary: 'Read this OpenAPI 3.1 document',
    tag: 'documentation',
    access: 'public',
    responses: { 200: { description: 'The document', body: z.looseObject({ openapi: z.string() }) } },
    handle: async () => ({ status: 200, body: document() }),
  });

const pageRoute = route({
  method: 'get',
  path: '/docs',
  operationId: 'readDocs',
  summary: 'Open this documentation as a page',
  tag: 'documentation',
  access: 'public',
  responses: { 200: { description: 'A page', mediaType: 'text/html' } },
  handle: async () => ({
    status: 200,
    body: PAGE,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': PAGE_POLICY },
  }),
});

const partRoute = route({
  method: 'get',
  path: '/docs/:part',
  operationId: 'readDocsPart',
  summary: 'Read a script or style of the documentation page',
  tag: 'documentation',
  access: 'public',
  params: z.object({ part: z.string().meta({ override: { enum: Object.keys(PARTS) } }) }),
  responses: { 200: { description: 'A file', mediaType: [...new Set(Object.values(PARTS))] } },
  problems: { 404: ['NotFound'] },
  async handle({ params: { part } }) {
    const type = Object.hasOwn(PARTS, part) ? PARTS[part] : undefined;
    if (!type) throw new Problem(404, 'NotFound', 'there is nothing at this path');
    const headers = { 'Content-Type': type, 'Cache-Control': 'public, max-age=3600' };
    return { status: 200, body: part === 'start.js' ? START : await readPart(part), headers };
  },
});

const folder = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const readPart = (name: string): Promise<Buffer> => readFile(path.join(folder, name));
