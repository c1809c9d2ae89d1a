import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';
import { protectedOperations } from '../openapi/operations.ts';
import { badTokens } from './token-corpus.ts';

describe('invalid tokens', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  /** Uses node:http, which sends headers unchanged. */
  const statusOf = (method: string, path: string, authorization: string | string[]) =>
    new Promise<number>((resolve, reject) => {
      const sent = request(gateway.url + path, { method, headers: { authorization } as never }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode!));
      });
      sent.on('error', reject);
      sent.end();
    });

  it('are refused by every protected operation, which accepts a valid one', async function () {
    this.timeout(120_000);
    const corpus = Object.entries(await badTokens(gateway));
    assert.ok(corpus.length >= 60, String(corpus.length));
    const operations = await protectedOperations(gateway);
    assert.ok(operations.length >= 20);
    const { accessToken } = await gateway.tokens.issue(gateway.admin);
    for (const { operationId, method, path } of operations) {
      assert.notEqual(await statusOf(method, path, `Bearer ${accessToken}`), 401, operationId);
      for (const [what, token] of corpus) {
        assert.equal(await statusOf(method, path, `Bearer ${token}`), 401, `${operationId}: ${what}`);
      }
    }
    assert.equal(gateway.temporal.started.size, 0);
  });

  it('are not accepted in any other form or place', async () => {
    const { accessToken } = await gateway.tokens.issue(gateway.admin);
    const status = (authorization: string | string[]) => statusOf('GET', '/v1/orders', authorization);
    assert.equal(await status(`bearer  ${accessToken}`), 200, 'RFC 9110: the scheme in any case');
    for (const authorization of [
      accessToken,
      `Basic ${accessToken}`,
      `Token ${accessToken}`,
      `Bearer${accessToken}`,
      `Bearer\t${accessToken}`,
      `Bearer "${accessToken}"`,
      `Bearer ${accessToken},`,
      `Bearer ${accessToken} ${accessToken}`,
      `Bearer ${accessToken}, Bearer ${accessToken}`,
      `Bearer token=${accessToken}`,
      'Bearer',
      'Bearer ',
    ]) {
      assert.equal(await status(authorization), 401, authorization.slice(0, 12));
    }
    assert.equal(await status([`Bearer ${accessToken}`, `Bearer ${accessToken}`]), 400, 'twice');
    const elsewhere = [`?access_token=${accessToken}`, `?token=${accessToken}`, `#${accessToken}`];
    for (const where of elsewhere) assert.equal((await gateway.call(`GET /v1/orders${where}`)).status, 401);
    assert.equal((await gateway.call('GET /v1/orders', { headers: { cookie: `token=${accessToken}` } })).status, 401);
  });
});
