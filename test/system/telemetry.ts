import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../stage/eventually.ts';
import { newCustomer } from '../stage/shop-users.ts';
import type { Platform } from '../stage/test-platform.ts';
import type { CollectedSpan, TraceCollector } from '../stage/trace-collector.ts';

/** Every service that has a part in placing an order or hears of it, and the servers outside. */
const ON_THE_WAY = [
  'carrier',
  'gateway',
  'inventory',
  'notification',
  'order',
  'payment',
  'processor',
  'product',
  'recommendation',
  'shipping',
  'webhook',
];
const OPERATION = /^(?:(?:SELECT|INSERT|UPDATE|DELETE)(?: \w+)*)+$|^(?:BEGIN|COMMIT|ROLLBACK|SET)$/;

// On a machine that many tests keep busy, a process that starts may take longer than 3 s to open a connection, and tries
// again. That is no fault, such as asking a server before it listens would be.
const TOO_BUSY = 'Connection terminated due to connection timeout';

/**
 * Settings with which a platform sends its spans to a collector of the tests. A name for every process would hide which
 * service a span is from.
 */
export const tracedTo = ({ url }: TraceCollector) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_SERVICE_NAME: 'mine',
  OTEL_BSP_SCHEDULE_DELAY: '200',
});

/**
 * Tests of the telemetry of a platform that has just started with the settings `tracedTo`. Call it in `describe`, before
 * tests that cause faults.
 */
export function telemetryTests(platform: Platform, collector: () => TraceCollector): void {
  before(async () => {
    await (await newCustomer(platform)).placeAndWait({});
  });

  /** The spans of the order's trace. Throws until those of every service have arrived. */
  function placedTrace(): CollectedSpan[] {
    const { traceId } = collector().spans.find(({ name }) => name === 'POST /v1/orders') ?? assert.fail('no span yet');
    const trace = collector().spans.filter((span) => span.traceId === traceId);
    assert.deepEqual([...new Set(trace.map(({ service }) => service))].toSorted(), ON_THE_WAY);
    return trace;
  }

  it('telemetry: shows an order as one connected trace, each span under the name of its own service', async () => {
    // A process may send a span later than another one sends its children.
    const trace = await eventually(() => {
      const arrived = placedTrace();
      const ids = new Set(arrived.map(({ spanId }) => spanId));
      const detached = arrived.filter(({ parentId }) => parentId !== '' && !ids.has(parentId));
      assert.deepEqual(detached, []);
      return arrived;
    });
    // Each service has a database of its own, so its SQL tells which service a span is really from.
    const databases = trace.filter(({ attributes }) => 'db.namespace' in attributes);
    assert.ok(databases.length > 10);
    for (const { service, name, attributes } of databases)
      assert.equal(attributes['db.namespace'], `order_platform_${service}`, name);
    for (const [service, route] of [
      ['processor', 'POST /authorizations'],
      ['carrier', 'POST /shipments'],
    ])
      assert.ok(
        trace.some((span) => span.service === service && span.name === route),
        route,
      );
  });

  it('telemetry: names SQL spans after their operations and tables, and records no values', async () => {
    const statements = (await eventually(placedTrace)).filter(({ attributes }) => 'db.query.text' in attributes);
    for (const { name, attributes } of statements) {
      assert.match(name, OPERATION);
      assert.equal(attributes['db.query.summary'], name);
      assert.equal(attributes['db.system.name'], 'postgresql');
      assert.equal(attributes['db.operation.name'], name.split(' ')[0]);
    }
    const insert = statements.find(({ name }) => name === 'INSERT orders');
    assert.equal(insert?.attributes['db.collection.name'], 'orders');
    assert.ok(!JSON.stringify(statements).includes('12 High Street'), 'a value is in a span');
  });

  it('telemetry: logs no fault while it starts, and every line under the service that it is about', () => {
    const lines = logLines(path.join(platform.setting('DATA_DIR'), 'logs'));
    assert.deepEqual(
      lines.filter(({ error }) => error !== undefined && error.message !== TOO_BUSY),
      [],
    );
    const ofWorkers = lines.filter(({ taskQueue }) => taskQueue !== undefined);
    const queues = new Set(ofWorkers.map(({ taskQueue = '' }) => taskQueue));
    assert.deepEqual([...queues].toSorted(), ['cart', 'inventory', 'order', 'payment', 'shipping', 'webhook']);
    for (const line of ofWorkers) assert.equal(line.service, line.taskQueue, JSON.stringify(line));
  });
}

interface LogLine {
  service: string;
  taskQueue?: string;
  error?: { message: string };
}

const logLines = (folder: string): LogLine[] =>
  readdirSync(folder)
    .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as LogLine);
