import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import winston from 'winston';
import { z } from 'zod';
import { createApp } from '../../../platform/http/app.ts';
import { route } from '../../../platform/http/route.ts';
import { type Listening, listen } from '../../../platform/http/server.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';

describe('a request body', () => {
  let server: Listening;
  before(async () => {
    const anyObject = route({
      method: 'post',
      path: '/any',
      operationId: 'anyObject',
      summary: 'Takes any object',
      tag: 'test',
      access: 'public',
      body: z.looseObject({}),
      responses: { 204: { description: 'taken' } },
      handle: async () => ({ status: 204 }),
    });
    const logger = winston.createLogger({ silent: true });
    const app = createApp({ routes: [anyObject], logger, metrics: createMetrics('test'), bodyLimit: 100 });
    server = await listen(app, { port: 0, setting: 'PORT' });
  });
  after(() => server.close());

  it('may name UTF-8 and gzip in any case', async () => {
    const statusFor = async (headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer> = '{}') => {
      const type = { 'content-type': 'application/json' };
      return (await fetch(`${server.url}/any`, { method: 'POST', headers: { ...type, ...headers }, body })).status;
    };
    for (const charset of ['utf-8', 'UTF-8', '"utf-8"', 'utf8']) {
      assert.equal(await statusFor({ 'content-type': `Application/JSON; charset=${charset}` }), 204, charset);
    }
    assert.equal(await statusFor({ 'content-type': 'application/json; charset=latin1' }), 415);
    const zipped = new Uint8Array(gzipSync('{}'));
    for (const encoding of ['gzip', 'GZIP', 'x-gzip']) {
      assert.equal(await statusFor({ 'content-encoding': encoding }, zipped), 204, encoding);
    }
    for (const none of ['', 'identity', 'Identity']) assert.equal(await statusFor({ 'content-encoding': none }), 204);
    for (const unknown of ['zstd', 'toString', '__proto__']) {
      assert.equal(await statusFor({ 'content-encoding': unknown }), 415, unknown);
    }
  });
});
