import { spawn } from 'node:child_process';

// mocha rejects unknown arguments, so those of kill-run.ts are passed in an environment variable.
const child = spawn('mocha', ['test/kills/kill-run.ts'], {
  env: { ...process.env, KILL_RUN_OPTIONS: process.argv.slice(2).join(' ') },
  stdio: 'inherit',
});
child.once('close', (code) => (process.exitCode = code ?? 1));
