import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';

describe('the metrics of a process', () => {
  it('measure the event loop’s lag ten times a second, so that an idle process is seldom woken', async () => {
    const { registry } = createMetrics('test');
    await sleep(250);
    const text = await registry.metrics();
    const least = Number(/^nodejs_eventloop_lag_min_seconds\{.*\} (?<value>\S+)$/m.exec(text)!.groups!.value);
    assert.ok(least > 0.09 && least < 1, `measured after ${least} s`);
  });
});
