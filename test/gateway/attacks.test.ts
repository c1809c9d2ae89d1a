import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { attacks } from './attacks.ts';
import { orderWish } from '../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../stage/test-gateway.ts';

describe('attacks on the gateway', () => {
  let gateway: Harness;
  let pass: { token: string; key: string };
  let sent: Record<string, Buffer>;
  before(async () => {
    // Long enough for a busy machine to send a request, short enough to see a slow one turned away.
    gateway = await startHarness({ timeouts: { headersMs: 1_500, requestMs: 3_000, silentMs: 6_000, checkMs: 50 } });
    pass = { token: (await gateway.tokens.issue(gateway.admin)).accessToken, key: randomUUID() };
    sent = attacks(pass);
  });
  after(() => gateway.close());

  /** All that is heard until the server closes the connection. */
  const talk = (send: (socket: Socket) => void): Promise<string> =>
    new Promise((resolve, reject) => {
      let heard = '';
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => send(socket));
      socket.setTimeout(20_000, () => reject(new Error(`neither answered nor closed; heard ${heard}`)));
      socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
      // That it was cut off while we were still talking is an answer too.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        socket.setTimeout(0);
        resolve(heard);
      });
    });
  const statusesIn = (heard: string) =>
    [...heard.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  afterEach(() => {
    gateway.services.store.drafts.clear();
    gateway.temporal.started.clear();
  });
  const works = async () => {
    assert.equal((await gateway.call('GET /livez')).status, 200);
    const { drafts } = gateway.services.store;
    assert.deepEqual([drafts.size, gateway.temporal.started.size], [0, 0], 'an order was placed');
  };

  for (const what of Object.keys(attacks({ token: '', key: '' }))) {
    it(`do not get past the door with ${what}`, async () => {
      const heard = await talk((socket) => socket.write(sent[what]!));
      const statuses = statusesIn(heard);
      for (const status of statuses) assert.ok((status >= 400 && status < 500) || status === 501, heard.slice(0, 300));
      // HTTP/0.9 has no headers, so no token either.
      if (what !== 'HTTP/0.9') assert.ok(!statuses.includes(401), 'it failed for want of a token');
      assert.ok(!/at .*\.ts|node_modules/.test(heard), heard);
      await works();
    });
  }

  it('are many', () => assert.ok(Object.keys(sent).length >= 40));

  it('gain nothing by sending their headers slowly, or never all of them', async () => {
    const heard = await talk((socket) => {
      socket.write('GET /v1/orders HTTP/1.1\r\n');
      const drip = setInterval(() => socket.write('X-Slow: a\r\n'), 100);
      socket.on('close', () => clearInterval(drip));
    });
    assert.match(heard, /^HTTP\/1\.1 408 .*"RequestTimeout"/s);
    await works();
  });

  it('gain nothing by sending their body slowly', async () => {
    const heard = await talk((socket) => {
      socket.write(
        `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${pass.token}\r\nIdempotency-Key: k\r\n` +
          'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
      );
      const drip = setInterval(() => socket.write(' '), 100);
      socket.on('close', () => clearInterval(drip));
    });
    for (const status of statusesIn(heard)) assert.ok(status >= 400 && status < 500, heard);
    await works();
  });

  it('gain nothing by hanging up in the middle of a body', async () => {
    const json = JSON.stringify(orderWish());
    await talk((socket) =>
      socket.end(
        `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${pass.token}\r\nIdempotency-Key: k\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${json.length + 10}\r\n\r\n${json}`,
      ),
    );
    await works();
  });

  it('cannot hide a second request in the body of the first', async () => {
    const hidden = `POST /v1/orders HTTP/1.1\r\nHost: x\r\n\r\n`;
    const heard = await talk((socket) =>
      socket.write(
        `POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n` +
          `Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      ),
    );
    assert.deepEqual(statusesIn(heard), [400]);
    await works();
  });

  it('by pipelining get no answer after a request that is none', async () => {
    const heard = await talk((socket) =>
      socket.write(
        'GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
      ),
    );
    // What is not HTTP ends the connection at once, also for answers that were still being made.
    const statuses = statusesIn(heard);
    assert.ok(statuses.length <= 3 && statuses.at(-1) === 400, heard);
    await works();
  });
});
