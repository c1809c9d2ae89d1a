import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bareEnvironment } from '../stage/bare-environment.ts';
import { get, ledgerOf, post, scratch } from './requests.ts';

const PROCESSOR_SECRET = { PROCESSOR_CALLBACK_SECRET: 'p'.repeat(32) };
const MAIN = path.join(import.meta.dirname, '../../sandbox/main.ts');

describe('sandbox process', () => {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
  });

  const launch = (names: string[], settings: Record<string, string>) => {
    const child = spawn(process.execPath, [MAIN, ...names], {
      env: { ...bareEnvironment(), PROCESSOR_PORT: '0', CARRIER_PORT: '0', ...settings },
    });
    children.push(child);
    return child;
  };
  const kill = async (child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    await once(child, 'exit');
    return child.exitCode;
  };
  /** Waits until the process has logged the URLs of its servers and returns them by name. */
  const listening = async (child: ChildProcess, count: number) => {
    const urls: Record<string, string> = {};
    for await (const line of createInterface({ input: child.stdout! })) {
      const { message, service, url } = JSON.parse(line) as Record<string, string>;
      if (message === 'listening') urls[service!] = url!;
      if (Object.keys(urls).length === count) break;
    }
    return urls;
  };
  const failureOf = async (child: ChildProcess) => {
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stderr! })) lines.push(line);
    if (child.exitCode === null) await once(child, 'exit');
    return { exitCode: child.exitCode, lines };
  };

  it('runs both servers, with health checks and metrics, and ends on SIGTERM', async () => {
    const settings = { ...PROCESSOR_SECRET, SANDBOX_DATA: scratch(), CARRIER_CALLBACK_SECRET: 's'.repeat(32) };
    const child = launch([], settings);
    const urls = await listening(child, 2);
    assert.deepEqual(Object.keys(urls).toSorted(), ['carrier', 'processor']);
    for (const url of Object.values(urls)) {
      assert.equal((await get(`${url}/livez`)).status, 200);
      assert.equal((await get(`${url}/readyz`)).status, 200);
      assert.match(await (await fetch(`${url}/metrics`)).text(), /http_request_duration_seconds/);
    }
    assert.equal(await kill(child, 'SIGTERM'), 0);
  });

  it('keeps every acknowledged effect after kill -9', async () => {
    const folder = scratch();
    const first = launch(['processor'], { ...PROCESSOR_SECRET, SANDBOX_DATA: folder });
    const { processor } = await listening(first, 1);
    const orderId = randomUUID();
    const payment = { orderId, amountMinor: 5, currency: 'GBP', paymentMethod: 'pm_card_visa' };
    const response = await post(`${processor}/authorizations`, payment, 'key');
    await kill(first);
    const second = await listening(launch(['processor'], { ...PROCESSOR_SECRET, SANDBOX_DATA: folder }), 1);
    assert.deepEqual(await ledgerOf(second.processor!, orderId), [response.body]);
    assert.deepEqual(await post(`${second.processor}/authorizations`, payment, 'key'), response);
  });

  it('names a missing setting', async () => {
    for (const name of ['processor', 'carrier']) {
      assert.deepEqual(await failureOf(launch([name], { SANDBOX_DATA: scratch() })), {
        exitCode: 1,
        lines: [`setting ${name.toUpperCase()}_CALLBACK_SECRET: is not set`],
      });
    }
  });

  it('names a promise of the carrier that is no number of days, or too many', async () => {
    const settings = { SANDBOX_DATA: scratch(), CARRIER_CALLBACK_SECRET: 's'.repeat(32) };
    for (const [days, problem] of [
      ['366', 'must be at most 365 days'],
      ['-0.5', 'must be a number of days, 0 or more'],
      ['soon', 'must be a number of days, 0 or more'],
    ] as const) {
      assert.deepEqual(await failureOf(launch(['carrier'], { ...settings, CARRIER_PROMISE_DAYS: days })), {
        exitCode: 1,
        lines: [`setting CARRIER_PROMISE_DAYS: ${problem}`],
      });
    }
  });

  it('names the setting of a port in use, and an unknown server', async () => {
    const settings = { ...PROCESSOR_SECRET, SANDBOX_DATA: scratch() };
    const { processor } = await listening(launch(['processor'], settings), 1);
    const { port } = new URL(processor!);
    const second = await failureOf(
      launch(['processor'], { ...settings, SANDBOX_DATA: scratch(), PROCESSOR_PORT: port }),
    );
    assert.equal(second.exitCode, 1);
    assert.match(second.lines.join('\n'), /PROCESSOR_PORT/);
    const unknown = await failureOf(launch(['bank'], settings));
    assert.deepEqual([unknown.exitCode, unknown.lines.length], [1, 1]);
    assert.match(unknown.lines[0]!, /unknown sandbox server bank/);
  });
});
