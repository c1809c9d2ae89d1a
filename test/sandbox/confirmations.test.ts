import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isSignedBy } from '../../platform/http/signed-body.ts';
import { startProcessor } from '../../sandbox/processor.ts';
import { get, ledgerOf, post, quiet, scratch } from './requests.ts';

const SECRET = 'a shared secret of more than 32 characters';

describe('payments that the card’s holder must confirm, at the sandbox processor', () => {
  let folder: string;
  let receiver: Server;
  let processor: Awaited<ReturnType<typeof startProcessor>>;
  let received: { id: string; type: string; orderId: string }[];

  before(async () => {
    receiver = createServer((request, response) => {
      void (async () => {
        const payload = Buffer.concat((await request.toArray()) as Buffer[]).toString();
        const signature = String(request.headers['processor-signature']);
        assert.ok(isSignedBy(SECRET, { payload, signature }), 'a wrong signature');
        received.push(JSON.parse(payload) as (typeof received)[0]);
        response.writeHead(204).end();
        receiver.emit('received');
      })();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
  });
  beforeEach(async () => {
    received = [];
    folder = scratch();
    await start();
  });
  afterEach(() => processor.close());
  after(() => {
    receiver.close();
    receiver.closeAllConnections();
  });

  const start = async () => {
    const callback = { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, secret: SECRET };
    processor = await startProcessor({ port: 0, folder, callback, logger: quiet });
  };
  const receive = async (count: number) => {
    while (received.length < count) await once(receiver, 'received');
  };
  const authorize = async (paymentMethod = 'pm_sandbox_authenticationRequired', customerMayAct = true) => {
    const orderId = randomUUID();
    const payment = { orderId, amountMinor: 1999, currency: 'GBP', paymentMethod, customerMayAct };
    const answer = await post(`${processor.url}/authorizations`, payment, `${orderId}:authorize`);
    return { orderId, answer };
  };
  const authenticate = (orderId: string, outcome: 'succeeded' | 'failed') =>
    post(`${processor.url}/payments/${orderId}/authenticate`, { outcome });
  const voidHold = (orderId: string) => post(`${processor.url}/voids`, { orderId }, `${orderId}:void`);
  const outcomeOf = async (orderId: string) => {
    const { body } = await get(`${processor.url}/operations/${orderId}:authorize`);
    return body as unknown as { status: number; body: { id?: string; code?: string } };
  };
  const typesOf = async (orderId: string) => (await ledgerOf(processor.url, orderId)).map(({ type }) => type);

  it('hold nothing until they are confirmed, and say where', async () => {
    const { orderId, answer } = await authorize();
    assert.equal(answer.status, 202);
    assert.deepEqual(answer.body.nextAction, {
      type: 'redirect',
      url: `${processor.url}/payments/${orderId}/confirm`,
    });
    assert.deepEqual(await typesOf(orderId), []);
    assert.equal((await outcomeOf(orderId)).status, 202);
    assert.equal((await get(`${processor.url}/payments/${orderId}`)).body.status, 'requires_action');
  });

  it('are held once confirmed, and told, once however often the holder confirms', async () => {
    const { orderId } = await authorize();
    for (const _again of [1, 2]) {
      const { status, body } = await authenticate(orderId, 'succeeded');
      assert.deepEqual([status, body.status], [200, 'authorized']);
    }
    await receive(1);
    assert.deepEqual(
      received.map(({ type }) => type),
      ['payment.authorized'],
    );
    assert.deepEqual(await typesOf(orderId), ['authorization']);
    assert.equal((await outcomeOf(orderId)).status, 201);
  });

  it('are refused when the holder refuses, and told', async () => {
    const { orderId } = await authorize();
    assert.equal((await authenticate(orderId, 'failed')).body.status, 'failed');
    await receive(1);
    assert.deepEqual(
      received.map(({ type }) => type),
      ['payment.failed'],
    );
    const { status, body } = await outcomeOf(orderId);
    assert.deepEqual([status, body.code], [402, 'ConfirmationFailed']);
    assert.equal((await authenticate(orderId, 'succeeded')).body.code, 'AlreadyDecided');
  });

  it('can be confirmed on a page', async () => {
    const { orderId } = await authorize();
    const url = `${processor.url}/payments/${orderId}/confirm`;
    assert.match(await (await fetch(url)).text(), /<button name="outcome" value="succeeded">Confirm<\/button>/);
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ outcome: 'succeeded' }) });
    assert.match(await response.text(), new RegExp(`payment of order ${orderId} is authorized`));
    assert.deepEqual(await typesOf(orderId), ['authorization']);
  });

  it('can no longer be confirmed after a void', async () => {
    const { orderId } = await authorize();
    await voidHold(orderId);
    const { status, body } = await authenticate(orderId, 'succeeded');
    assert.deepEqual([status, body.code], [409, 'Voided']);
    assert.equal((await outcomeOf(orderId)).body.code, 'Voided');
  });

  it('are declined where nobody waits for the holder', async () => {
    const { orderId, answer } = await authorize('pm_sandbox_authenticationRequired', false);
    assert.deepEqual([answer.status, answer.body.code], [402, 'ConfirmationRequired']);
    assert.deepEqual(await typesOf(orderId), []);
  });

  it('wait for the holder also after a restart', async () => {
    const { orderId } = await authorize();
    await processor.close();
    await start();
    assert.equal((await outcomeOf(orderId)).status, 202);
    assert.equal((await authenticate(orderId, 'succeeded')).status, 200);
    await receive(1);
  });

  describe('with pm_sandbox_authenticationLate', () => {
    const late = () => authorize('pm_sandbox_authenticationLate');

    it('are told only on request, and again with the same id', async () => {
      const { orderId } = await late();
      assert.equal((await post(`${processor.url}/payments/${orderId}/tell`)).body.code, 'NothingToTell');
      await authenticate(orderId, 'succeeded');
      for (const _again of [1, 2]) assert.equal((await post(`${processor.url}/payments/${orderId}/tell`)).status, 202);
      await receive(2);
      assert.equal(new Set(received.map(({ id }) => id)).size, 1);
    });

    it('are held although they were voided, until they are voided again', async () => {
      const { orderId } = await late();
      await voidHold(orderId);
      await authenticate(orderId, 'succeeded');
      assert.equal((await get(`${processor.url}/payments/${orderId}`)).body.status, 'authorized');
      assert.equal((await outcomeOf(orderId)).body.code, 'Voided');
      await post(`${processor.url}/voids`, { orderId }, `${orderId}:release`);
      assert.deepEqual(await typesOf(orderId), ['authorization', 'void']);
      assert.equal((await get(`${processor.url}/payments/${orderId}`)).body.status, 'voided');
    });
  });
});
