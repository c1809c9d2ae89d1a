import { spawn } from 'node:child_process';

// mocha rejects unknown arguments, so those of schemathesis.ts are passed in an environment variable.
const child = spawn('mocha', ['test/fuzz/schemathesis.ts'], {
  env: { ...process.env, SCHEMATHESIS_OPTIONS: process.argv.slice(2).join(' ') },
  stdio: 'inherit',
});
child.once('close', (code) => (process.exitCode = code ?? 1));
