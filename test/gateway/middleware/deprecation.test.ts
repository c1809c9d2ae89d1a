import assert from 'node:assert/strict';
import winston from 'winston';
import { z } from 'zod';
import { announceDeprecation } from '../../../gateway/middleware/deprecation.ts';
import { openApi } from '../../../gateway/openapi/document.ts';
import { createApp } from '../../../platform/http/app.ts';
import { type Deprecation, route } from '../../../platform/http/route.ts';
import { type Listening, listen } from '../../../platform/http/server.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';

const routeWith = (path: string, deprecation?: Deprecation) =>
  route({
    method: 'get',
    path,
    operationId: path.slice(1),
    summary: 'Something',
    tag: 'things',
    access: 'public',
    ...(deprecation && { deprecation }),
    responses: { 200: { description: 'It', body: z.object({}) } },
    handle: async () => ({ status: 200, body: {} }),
  });

describe('a deprecated route', () => {
  const deprecation = { since: '2026-01-01', sunset: '2026-07-01', successor: '/v2/things' };
  const routes = [routeWith('/old', deprecation), routeWith('/announced', { since: '2026-01-01' }), routeWith('/kept')];
  let listening: Listening;
  before(async () => {
    const app = createApp({
      routes,
      logger: winston.createLogger({ silent: true }),
      metrics: createMetrics('test'),
      bodyLimit: 0,
      before: ({ deprecation }) => (deprecation ? [announceDeprecation(deprecation)] : []),
    });
    listening = await listen(app, { port: 0, setting: 'PORT' });
  });
  after(() => listening.close());

  const headersOf = async (path: string) => {
    const { headers } = await fetch(listening.url + path);
    return ['deprecation', 'sunset', 'link'].map((name) => headers.get(name));
  };

  it('sends its deprecation, its end and its successor with every response', async () => {
    assert.deepEqual(await headersOf('/old'), [
      '@1767225600',
      'Wed, 01 Jul 2026 00:00:00 GMT',
      '</v2/things>; rel="successor-version"',
    ]);
    assert.deepEqual(await headersOf('/announced'), ['@1767225600', null, null]);
    assert.deepEqual(await headersOf('/kept'), [null, null, null]);
  });

  it('is documented as deprecated', () => {
    const paths = openApi(routes).paths as Record<string, { get: { deprecated?: boolean; description?: string } }>;
    assert.equal(paths['/old']!.get.deprecated, true);
    assert.equal(paths['/old']!.get.description, 'May be removed from 2026-07-01 on. Use /v2/things instead.');
    assert.equal(paths['/kept']!.get.deprecated, undefined);
  });
});
