import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SERVICES } from '../services/registry.ts';
import { GATEWAY_PROGRAM } from '../gateway/program.ts';

// `NODE_COMPILE_CACHE=FOLDER node deploy/compile.mjs` starts each program as far as it gets without settings, so that
// what Node compiles on the way, and takes types out of, is kept in that folder: a process that finds it there starts
// with half a second of CPU less, and 20 MB, those of what takes out types.
const PROGRAMS = [['services/main.ts'], GATEWAY_PROGRAM, ['sandbox/main.ts']];

const collected = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
// With a collector other modules are loaded than without.
for (const env of [process.env, collected]) {
  for (const program of PROGRAMS) {
    const words = ['--import', './platform/telemetry/tracing.ts', ...program];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env });
    // It was loaded, and then missed its settings.
    if (status !== 1 || !/^setting \w+: is not set$/m.test(stderr)) {
      process.stderr.write(`${program.join(' ')} ended with ${status}: ${stderr}\n`);
      process.exit(1);
    }
  }
}

// One setting that is missed hides what is wrong with the others.
for (const name of SERVICES) await import(`../services/${name}/service.ts`);

// What the threads of a worker run is loaded by them alone.
const thread = new Worker(new URL('../platform/temporal/workflow-thread.ts', import.meta.url), {
  workerData: { limitMs: 1, stackTraces: false },
});
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
thread.postMessage({ requestId: 1n, input: { type: 'destroy' } });
await once(thread, 'message');
await thread.terminate();
