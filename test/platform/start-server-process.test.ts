import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { reaped, runs } from '../../platform/start/server-process.ts';
import { eventually } from '../support/eventually.ts';

describe('a process that has ended', () => {
  it('runs no more, and is waited for while its number stands for it in the system’s table', async () => {
    // sleep(1) takes no note of the child that it inherits from the shell whose place it takes.
    const careless = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 2'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(careless, 'exit');
    const [printed] = (await once(careless.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    await eventually(() => assert.ok(!runs(pid, 'sleep')));
    assert.ok(process.kill(pid, 0), 'the system knows it still');
    await reaped(pid);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await ended;
  });
});
