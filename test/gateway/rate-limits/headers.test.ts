import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ping } from '../../../platform/database/connection.ts';
import type { Caller } from '../../../platform/http/route.ts';
import { type Answer, type Harness, call, startHarness } from '../../stage/test-gateway.ts';

const PASSWORD = { email: 'ada@example.com', password: 'not the right one' };

describe('rate limits at the gateway', () => {
  let gateway: Harness;
  beforeEach(async () => {
    gateway = await startHarness({ rates: { perMinute: 5, signInPerMinute: 2 }, proxies: ['127.0.0.0/8', '::1'] });
    // The first connection to a new database may take longer than the limiter waits for it, half a second.
    await ping(gateway.db);
  });
  afterEach(() => gateway.close());
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  /** The remaining quota of a valid RateLimit header. */
  const left = ({ headers }: Answer) => {
    const [, remaining, seconds] = /^"[\w-]+";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
    assert.ok(remaining === undefined || (Number(seconds) >= 1 && Number(seconds) <= 60), seconds);
    return remaining && Number(remaining);
  };
  const times = async (count: number, ask: () => Promise<Answer>) => {
    const answers = [];
    for (let time = 0; time < count; time += 1) answers.push(await ask());
    return answers;
  };
  const statuses = (answers: Answer[]) => answers.map(({ status }) => status);
  const somebody = (): Caller => ({ id: randomUUID(), role: 'customer' });

  it('are in the headers of every response, and cause a 429 with Retry-After', async () => {
    const answers = [
      await gateway.call('GET /v1/products/tea', from('192.0.2.1')),
      await gateway.call('GET /v1/nothing', from('192.0.2.1')),
      await gateway.call('DELETE /v1/products', from('192.0.2.1')),
      await gateway.call('GET /v1/orders', from('192.0.2.1')),
      await gateway.call('GET /docs', from('192.0.2.1')),
      await gateway.call('GET /v1/products/tea', from('192.0.2.1')),
    ];
    assert.deepEqual(statuses(answers), [200, 404, 405, 401, 200, 429]);
    for (const [at, answer] of answers.entries()) {
      assert.equal(answer.headers.get('ratelimit-policy'), '"default";q=5;w=60');
      assert.equal(left(answer), Math.max(0, 4 - at));
    }
    const refused = answers.at(-1)!;
    assert.equal(refused.headers.get('ratelimit'), `"default";r=0;t=${refused.headers.get('retry-after')}`);
    assert.match(refused.headers.get('content-type')!, /^application\/problem\+json/);
    assert.deepEqual([refused.body.code, refused.body.status], ['TooManyRequests', 429]);
  });

  it('are per caller, from any address, and per address with an invalid token', async () => {
    const [ada, ben] = [somebody(), somebody()];
    assert.deepEqual(statuses(await times(6, () => gateway.call('GET /v1/orders', { as: ada }))).slice(4), [200, 429]);
    assert.equal((await gateway.call('GET /v1/orders', { as: ada, ...from('192.0.2.9') })).status, 429);
    assert.equal((await gateway.call('GET /v1/products', { as: ada })).status, 429);
    assert.equal(left(await gateway.call('GET /v1/orders', { as: ben })), 4);
    const bad = { headers: { ...from('192.0.2.2').headers, authorization: 'Bearer nonsense' } };
    assert.deepEqual(
      statuses(await times(6, () => gateway.call('GET /v1/orders', bad))),
      [401, 401, 401, 401, 401, 429],
    );
    assert.equal((await gateway.call('GET /v1/products', bad)).status, 429);
  });

  it('are stricter for signing in and up, per address, and apply before passwords are checked', async () => {
    const signIn = () => gateway.call('POST /v1/sessions', { body: PASSWORD, as: somebody(), ...from('192.0.2.3') });
    const answers = await times(2, signIn);
    assert.equal(answers[0]!.headers.get('ratelimit-policy'), '"sign-in";q=2;w=60');
    gateway.services.calls.length = 0;
    const signUp = { body: { ...PASSWORD, name: 'Ada' }, ...from('192.0.2.3') };
    assert.deepEqual([(await signIn()).status, (await gateway.call('POST /v1/users', signUp)).status], [429, 429]);
    assert.deepEqual(gateway.services.calls, []);
    assert.equal((await gateway.call('GET /v1/products', from('192.0.2.3'))).status, 200);
    assert.notEqual((await gateway.call('POST /v1/sessions', { body: PASSWORD, ...from('192.0.2.4') })).status, 429);
  });

  it('are shared by all replicas', async () => {
    const other = await gateway.replica();
    const ada = somebody();
    const answers = await times(4, () => gateway.call('GET /v1/orders', { as: ada }));
    answers.push(...(await times(4, () => call(other.url, gateway.tokens, 'GET /v1/orders', { as: ada }))));
    await other.close();
    assert.deepEqual(statuses(answers), [200, 200, 200, 200, 200, 429, 429, 429]);
  });

  it('do not count health checks and the carrier’s callbacks', async () => {
    const answers = [
      ...(await times(7, () => gateway.call('GET /readyz'))),
      ...(await times(7, () => gateway.call('POST /v1/callbacks/carrier', { body: {} }))),
    ];
    assert.deepEqual(new Set(statuses(answers)), new Set([200, 401]));
    assert.ok(answers.every(({ headers }) => !headers.has('ratelimit')));
  });

  it('apply per replica while the database is unavailable', async () => {
    gateway.services.calls.length = 0;
    await gateway.owner(`alter table rate_limits rename to elsewhere`);
    const ada = somebody();
    assert.deepEqual(
      statuses(await times(7, () => gateway.call('GET /v1/orders', { as: ada }))),
      [200, 200, 200, 200, 200, 429, 429],
    );
    const { values } = await gateway.metrics.registry.getSingleMetric('rate_limit_alone_total')!.get();
    assert.ok(values[0]!.value > 0);
  });

  it('treat an IPv6 network as one caller, and ignore forged addresses', async () => {
    const answers = [
      await gateway.call('GET /livez', from('2001:db8::1')),
      await gateway.call('GET /v1/products', from('2001:db8::1')),
      await gateway.call('GET /v1/products', from('2001:db8::ffff:2')),
      await gateway.call('GET /v1/products', from('made up, 192.0.2.77, 2001:db8:0:0:9::3')),
      await gateway.call('GET /v1/products', from('2001:db8:0:1::1')),
    ];
    assert.deepEqual(answers.map(left), [undefined, 4, 3, 2, 4]);
  });
});
