import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.join(import.meta.dirname, '../../..');

interface Told {
  logged: { url: string; traceId?: string }[];
  seen: { url: string; traceparent?: string; recording?: boolean }[];
}

/** Runs a process that is asked, asks itself, and logs both. */
async function traced(environment: NodeJS.ProcessEnv, headers: Record<string, string> = {}): Promise<Told> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--import',
      './platform/telemetry/tracing.ts',
      'test/platform/telemetry/traced-process.ts',
      JSON.stringify(headers),
    ],
    { cwd: root, env: { PATH: process.env.PATH, ...environment } },
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  const logged = lines.filter((line) => 'message' in line) as unknown as Told['logged'];
  return { logged, ...(lines.find((line) => 'seen' in line) as Pick<Told, 'seen'>) };
}

describe('tracing', function () {
  this.timeout(120_000);

  it('gives logs their ids and hands the trace on where nobody collects it, but records nothing', async () => {
    const { logged, seen } = await traced({});
    const [outer, inner] = logged;
    assert.match(outer!.traceId!, /^(?!0+$)[\da-f]{32}$/);
    assert.equal(inner!.traceId, outer!.traceId);
    assert.match(seen[1]!.traceparent!, new RegExp(`^00-${outer!.traceId}-`));
    assert.deepEqual([seen[0]!.recording, seen[1]!.recording], [false, false]);
  });

  it('goes on with the trace of whoever asks, and begins another where that is none', async () => {
    const theirs = 'a'.repeat(32);
    for (const [traceparent, taken] of [
      [`00-${theirs}-${'b'.repeat(16)}-01`, true],
      [`00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`, false],
      [`00-${theirs}`, false],
    ] as const) {
      const { logged } = await traced({}, { traceparent });
      assert.equal(logged[0]!.traceId === theirs, taken, traceparent);
      assert.match(logged[0]!.traceId!, /^(?!0+$)[\da-f]{32}$/);
      assert.equal(logged[1]!.traceId, logged[0]!.traceId);
    }
  });

  it('records for a collector', async () => {
    const { logged, seen } = await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    assert.deepEqual([seen[0]!.recording, seen[1]!.recording], [true, true]);
    assert.equal(logged[1]!.traceId, logged[0]!.traceId);
  });

  it('is not there where it is turned off', async () => {
    const { logged, seen } = await traced({ OTEL_SDK_DISABLED: 'true' });
    assert.equal(logged[0]!.traceId, undefined);
    assert.equal(seen[1]!.traceparent, undefined);
  });
});
