import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { Lane } from '../../activities/lane.ts';
import { developmentServer } from '../../tools/fast-forward/development-server.ts';
import { durationOf } from '../../tools/fast-forward/duration.ts';
import { fastForward, standingOf } from '../../tools/fast-forward/workflow-time.ts';
import { concurrently } from '../stage/concurrently.ts';
import { eventually } from '../stage/eventually.ts';
import { confirmed } from '../stage/order-actions.ts';
import { type TestOrder, useTestWorkers } from '../stage/test-workers.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

describe('a duration', () => {
  it('is a number of minutes, hours or days', () => {
    assert.deepEqual(['30m', '48h', '7d'].map(durationOf), [30 * MINUTE_MS, 48 * HOUR_MS, 7 * DAY_MS]);
  });

  for (const text of ['', '7', 'd', '0m', '-1d', '1.5h', '7 d', '7D', '3651d', '99999999999m']) {
    it(`is not "${text}"`, () => {
      assert.throws(() => durationOf(text), /^ToolError: DURATION must be a whole number of minutes, hours or days/);
    });
  }
});

describe('the server whose time may be moved', () => {
  const temporal = { address: '127.0.0.1:7233', namespace: 'default', own: true };
  const at = (environment: NodeJS.ProcessEnv = {}) => ({ environment, folder: '.data' });

  it('is the development server that the running platform has started', () => {
    assert.deepEqual(developmentServer({ temporal }, at()), { address: '127.0.0.1:7233', namespace: 'default' });
  });

  it('is none where no platform runs', () => {
    assert.throws(() => developmentServer({}, at()), /^ToolError: no platform runs from \.data: start one/);
  });

  for (const own of [false, undefined]) {
    it(`is none that somebody else has started (${own})`, () => {
      const other = { temporal: { ...temporal, own } };
      assert.throws(() => developmentServer(other, at()), /127\.0\.0\.1:7233, which it has not started/);
    });
  }

  it('is none where the settings name another one', () => {
    const environment = { TEMPORAL_ADDRESS: 'temporal.example.com:7233' };
    assert.throws(() => developmentServer({ temporal }, at(environment)), /^ToolError: TEMPORAL_ADDRESS, .* is set/);
  });
});

describe('moving the time of a workflow', function () {
  this.timeout(120_000);
  const test = concurrently(6);
  const workers = useTestWorkers();

  const waitsFor = async ({ handle }: TestOrder): Promise<string> =>
    (await standingOf(workers().inRealTime, handle.workflowId))?.waitsFor ?? 'it has ended';
  const forward = (order: TestOrder, durationMs: number) =>
    fastForward(workers().inRealTime, order.handle.workflowId, durationMs);

  /** An order whose time passes as everybody's. */
  async function placed(lane: Lane): Promise<TestOrder> {
    const order = await workers().place({}, { lane, by: workers().inRealTime });
    await confirmed(order);
    return order;
  }

  async function delivered(lane: Lane): Promise<TestOrder> {
    const order = await placed(lane);
    await order.moved('dispatched');
    await order.moved('delivered');
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
    return order;
  }

  for (const lane of Lane.options) {
    test(`${lane}: closes its return window, and no sooner`, async () => {
      const order = await delivered(lane);
      await eventually(async () => assert.match(await waitsFor(order), /^Delivered: may be returned until .* UTC; /));
      await forward(order, 29 * DAY_MS);
      assert.match(await waitsFor(order), /^Delivered: /);
      const { at } = (await standingOf(workers().inRealTime, order.handle.workflowId))!;
      assert.ok(Math.abs(at.getTime() - Date.now() - 29 * DAY_MS) < HOUR_MS, at.toISOString());
      await forward(order, 2 * DAY_MS);
      assert.deepEqual(await order.handle.result(), { status: 'completed' });
      assert.equal(await waitsFor(order), 'it has ended');
    });

    test(`${lane}: has the carrier asked, again and again, and says when it is asked next`, async () => {
      const order = await placed(lane);
      assert.match(await waitsFor(order), /^Confirmed: waits for the carrier to take the parcel\./);
      const asked = () => order.world.calls.filter((call) => call === 'trackShipment').length;
      assert.equal(asked(), 0);
      // 6, 18 and 42 hours after the confirmation.
      await forward(order, 2 * DAY_MS);
      await eventually(() => assert.equal(asked(), 3));
      const before = Date.now() + DAY_MS;
      const moment = /asked at (\S+ )?\S+ UTC/.exec(await waitsFor(order))?.[1] ?? '';
      assert.ok(Date.parse(moment) > before - DAY_MS, moment);
      await order.handle.terminate();
    });
  }

  test('does not move it afterwards', async () => {
    const order = await delivered('durable');
    await forward(order, 15 * DAY_MS);
    const { at } = (await standingOf(workers().inRealTime, order.handle.workflowId))!;
    const [passed, real] = [Date.now(), at.getTime()];
    // The server skips idle time within milliseconds where it may.
    await forward(await delivered('durable'), 31 * DAY_MS);
    const later = (await standingOf(workers().inRealTime, order.handle.workflowId))!.at.getTime();
    assert.ok(later - real <= Date.now() - passed + MINUTE_MS, new Date(later).toISOString());
    await order.handle.terminate();
  });

  test('says that the server does not do it', async () => {
    const refused = Object.assign(new Error('refused'), { code: 12, details: 'it is not enabled', metadata: {} });
    const client = {
      options: { namespace: 'default' },
      withDeadline: (_deadline: number, call: () => unknown) => call(),
      workflowService: { updateWorkflowExecutionOptions: () => Promise.reject(refused) },
    } as unknown as Client;
    await assert.rejects(
      fastForward(client, 'order-1', DAY_MS),
      /^ToolError: the Temporal server does not move time \(it is not enabled\): start the platform again$/,
    );
  });
});
