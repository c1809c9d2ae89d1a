import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { bareEnvironment } from '../../stage/bare-environment.ts';
import { freshDatabase } from '../../stage/fresh-database.ts';
import { startTraceCollector } from '../../stage/trace-collector.ts';

const root = path.join(import.meta.dirname, '../../..');

describe('the span of a statement that fails', function () {
  this.timeout(60_000);

  it('has the error’s code, and no value from its message', async () => {
    const [database, collector] = [await freshDatabase('notification'), await startTraceCollector()];
    // Not arguments: those are in every span's resource.
    const settings = { ...bareEnvironment(), DATABASE_URL: database.url, VALUE: 'a-private-value' };
    try {
      await promisify(execFile)(
        process.execPath,
        ['--import', './platform/telemetry/tracing.ts', 'test/platform/telemetry/failing-statement.ts'],
        { cwd: root, env: { ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } },
      );
      const span = collector.spans.find(({ name }) => name === 'SELECT mails');
      assert.equal(span?.failed, true);
      assert.match(collector.received(), /22P02/);
      assert.ok(!collector.received().includes('a-private-value'));
    } finally {
      await Promise.all([collector.close(), database.drop()]);
    }
  });
});
