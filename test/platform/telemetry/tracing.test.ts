import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { bareEnvironment } from '../../stage/bare-environment.ts';

const root = path.join(import.meta.dirname, '../../..');

interface Output {
  logged: { url: string; traceId?: string }[];
  seen: { url: string; traceparent?: string; recording?: boolean; path?: string }[];
}

/** Runs a process that receives a request, sends itself another one, and logs both. */
async function traced(environment: NodeJS.ProcessEnv, headers: Record<string, string> = {}): Promise<Output> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--import',
      './platform/telemetry/tracing.ts',
      'test/platform/telemetry/traced-process.ts',
      JSON.stringify(headers),
    ],
    { cwd: root, env: { ...bareEnvironment(), ...environment } },
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  const logged = lines.filter((line) => 'message' in line) as unknown as Output['logged'];
  return { logged, ...(lines.find((line) => 'seen' in line) as Pick<Output, 'seen'>) };
}

describe('tracing', function () {
  this.timeout(120_000);

  it('without a collector adds ids to logs and propagates the trace, but records nothing', async () => {
    const { logged, seen } = await traced({});
    const [outer, inner] = logged;
    assert.match(outer!.traceId!, /^(?!0+$)[\da-f]{32}$/);
    assert.equal(inner!.traceId, outer!.traceId);
    assert.match(seen[1]!.traceparent!, new RegExp(`^00-${outer!.traceId}-`));
    assert.deepEqual([seen[0]!.recording, seen[1]!.recording], [false, false]);
  });

  it('continues the trace of the caller, and begins a new one if the header is invalid', async () => {
    const callersTrace = 'a'.repeat(32);
    for (const [traceparent, continued] of [
      [`00-${callersTrace}-${'b'.repeat(16)}-01`, true],
      [`00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`, false],
      [`00-${callersTrace}`, false],
    ] as const) {
      const { logged } = await traced({}, { traceparent });
      assert.equal(logged[0]!.traceId === callersTrace, continued, traceparent);
      assert.match(logged[0]!.traceId!, /^(?!0+$)[\da-f]{32}$/);
      assert.equal(logged[1]!.traceId, logged[0]!.traceId);
    }
  });

  it('records spans for a collector', async () => {
    const { logged, seen } = await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    assert.deepEqual([seen[0]!.recording, seen[1]!.recording], [true, true]);
    // The second path has the token of a link in an e-mail.
    assert.deepEqual([seen[0]!.path, seen[1]!.path], ['/outer', '/inner/[secret]']);
    assert.equal(logged[1]!.traceId, logged[0]!.traceId);
  });

  it('does nothing when it is turned off', async () => {
    const { logged, seen } = await traced({ OTEL_SDK_DISABLED: 'true' });
    assert.equal(logged[0]!.traceId, undefined);
    assert.equal(seen[1]!.traceparent, undefined);
  });
});
