import { spawn } from 'node:child_process';

// mocha takes no arguments that are not its own: those of schemathesis.ts go round it.
const child = spawn('mocha', ['test/fuzz/schemathesis.ts'], {
  env: { ...process.env, SCHEMATHESIS_OPTIONS: process.argv.slice(2).join(' ') },
  stdio: 'inherit',
});
child.once('close', (code) => (process.exitCode = code ?? 1));
