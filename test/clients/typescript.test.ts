import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createClient } from '../../clients/typescript/index.ts';

const root = path.join(import.meta.dirname, '../..');

describe('the typed client', () => {
  const schema = readFileSync(path.join(root, 'clients/typescript/schema.ts'), 'utf8');
  const firstLine = () => schema.split('\n', 1)[0]!;
  const digestOf = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

  it('was generated from the current OpenAPI document', () => {
    const document = readFileSync(path.join(root, 'test/gateway/openapi/openapi.snapshot.json'));
    assert.ok(
      firstLine().includes(digestOf(document)),
      'The OpenAPI document has changed since the client was generated: run `npm run generate-client`.',
    );
  });

  it('was not changed by hand', () => {
    assert.ok(
      firstLine().includes(digestOf(schema.slice(firstLine().length + 1))),
      'schema.ts was changed by hand, or the generator was: run `npm run generate-client`.',
    );
  });

  it('sends the current access token with each request, if there is one', async () => {
    const tokens = ['first', 'second', undefined];
    const seen: (string | null)[] = [];
    const api = createClient({
      baseUrl: 'http://shop',
      accessToken: () => tokens.shift(),
      fetch: async ({ headers }) => {
        seen.push(headers.get('authorization'));
        return Response.json({ items: [], next: null });
      },
    });
    for (let request = 0; request < 3; request++) await api.GET('/v1/orders');
    assert.deepEqual(seen, ['Bearer first', 'Bearer second', null]);
  });

  it('returns a problem document as error', async () => {
    const problem = { type: '/problems/NotFound', title: 'Not found', status: 404, code: 'NotFound' };
    const api = createClient({ baseUrl: 'http://shop', fetch: async () => Response.json(problem, { status: 404 }) });
    const { data, error, response } = await api.GET('/v1/products/{sku}', { params: { path: { sku: 'none' } } });
    assert.deepEqual([data, error?.code, response.status], [undefined, 'NotFound', 404]);
  });
});
