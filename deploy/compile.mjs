import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SERVICES } from '../services/registry.ts';
import { GATEWAY_PROGRAM } from '../gateway/program.ts';
import { SERVICES_PROGRAM } from '../services/program.ts';

// `NODE_COMPILE_CACHE=FOLDER node deploy/compile.mjs` starts each program until it fails because settings are missing, so
// that Node stores compiled code and stripped types in that folder. A process that finds them there needs half a second
// less CPU to start, and 20 MB less memory, because it does not load the code that strips types.
const PROGRAMS = [SERVICES_PROGRAM, GATEWAY_PROGRAM, ['sandbox/main.ts']];

const withCollector = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
// With a collector, other modules are loaded than without.
for (const env of [process.env, withCollector]) {
  for (const program of PROGRAMS) {
    const args = ['--import', './platform/telemetry/tracing.ts', ...program];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    // Expected: the program was loaded, and then a setting was missing.
    if (status !== 1 || !/^setting \w+: is not set$/m.test(stderr)) {
      process.stderr.write(`${program.join(' ')} exited with ${status}, expected a missing setting: ${stderr}\n`);
      process.exit(1);
    }
  }
}

// services/main.ts exits when the first service misses a setting, possibly before it has loaded the others.
for (const name of SERVICES) await import(`../services/${name}/service.ts`);

// Loaded when a worker starts.
await import('../platform/temporal/workflow-thread-creator.ts');

// Only the threads of a worker load the code that they run.
const thread = new Worker(new URL('../platform/temporal/workflow-thread.ts', import.meta.url), {
  workerData: { limitMs: 1, stackTraces: false },
});
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
thread.postMessage({ requestId: 1n, input: { type: 'destroy' } });
await once(thread, 'message');
await thread.terminate();
