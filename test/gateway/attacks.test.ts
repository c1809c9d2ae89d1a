import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { attacks } from './attacks.ts';
import { orderBody } from '../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../stage/test-gateway.ts';

describe('attacks on the gateway', () => {
  let gateway: Harness;
  let pass: { token: string; key: string };
  let sent: Record<string, Buffer>;
  before(async () => {
    // Long enough for a busy machine to send a request, short enough for a slow one to be refused.
    gateway = await startHarness({ timeouts: { headersMs: 1_500, requestMs: 3_000, silentMs: 6_000, checkMs: 50 } });
    pass = { token: (await gateway.tokens.issue(gateway.admin)).accessToken, key: randomUUID() };
    sent = attacks(pass);
  });
  after(() => gateway.close());

  /** Everything received until the server closes the connection. */
  const talk = (send: (socket: Socket) => void): Promise<string> =>
    new Promise((resolve, reject) => {
      let received = '';
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => send(socket));
      socket.setTimeout(20_000, () => reject(new Error(`neither a response nor closed; received ${received}`)));
      socket.on('data', (chunk) => (received += chunk.toString('latin1')));
      // A reset while sending counts as a refusal too.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        socket.setTimeout(0);
        resolve(received);
      });
    });
  const statusesIn = (received: string) =>
    [...received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  afterEach(() => {
    gateway.services.store.drafts.clear();
    gateway.temporal.started.clear();
  });
  const assertStillWorking = async () => {
    assert.equal((await gateway.call('GET /livez')).status, 200);
    const { drafts } = gateway.services.store;
    assert.deepEqual([drafts.size, gateway.temporal.started.size], [0, 0], 'an order was placed');
  };

  for (const what of Object.keys(attacks({ token: '', key: '' }))) {
    it(`are refused: ${what}`, async () => {
      const received = await talk((socket) => socket.write(sent[what]!));
      const statuses = statusesIn(received);
      for (const status of statuses)
        assert.ok((status >= 400 && status < 500) || status === 501, received.slice(0, 300));
      // HTTP/0.9 has no headers, so no token either.
      if (what !== 'HTTP/0.9') assert.ok(!statuses.includes(401), 'it failed because of a missing token');
      assert.ok(!/at .*\.ts|node_modules/.test(received), received);
      await assertStillWorking();
    });
  }

  it('number at least forty', () => assert.ok(Object.keys(sent).length >= 40));

  it('gain nothing by sending headers slowly or incompletely', async () => {
    const received = await talk((socket) => {
      socket.write('GET /v1/orders HTTP/1.1\r\n');
      const drip = setInterval(() => socket.write('X-Slow: a\r\n'), 100);
      socket.on('close', () => clearInterval(drip));
    });
    assert.match(received, /^HTTP\/1\.1 408 .*"RequestTimeout"/s);
    await assertStillWorking();
  });

  it('gain nothing by sending a body slowly', async () => {
    const received = await talk((socket) => {
      socket.write(
        `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${pass.token}\r\nIdempotency-Key: k\r\n` +
          'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
      );
      const drip = setInterval(() => socket.write(' '), 100);
      socket.on('close', () => clearInterval(drip));
    });
    for (const status of statusesIn(received)) assert.ok(status >= 400 && status < 500, received);
    await assertStillWorking();
  });

  it('gain nothing by disconnecting in the middle of a body', async () => {
    const json = JSON.stringify(orderBody());
    await talk((socket) =>
      socket.end(
        `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${pass.token}\r\nIdempotency-Key: k\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${json.length + 10}\r\n\r\n${json}`,
      ),
    );
    await assertStillWorking();
  });

  it('cannot hide a second request in the body of the first', async () => {
    const hidden = `POST /v1/orders HTTP/1.1\r\nHost: x\r\n\r\n`;
    const received = await talk((socket) =>
      socket.write(
        `POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n` +
          `Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      ),
    );
    assert.deepEqual(statusesIn(received), [400]);
    await assertStillWorking();
  });

  it('get no response after an invalid pipelined request', async () => {
    const received = await talk((socket) =>
      socket.write(
        'GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
      ),
    );
    // Invalid HTTP ends the connection at once, even before pending responses are sent.
    const statuses = statusesIn(received);
    assert.ok(statuses.length <= 3 && statuses.at(-1) === 400, received);
    await assertStillWorking();
  });
});
