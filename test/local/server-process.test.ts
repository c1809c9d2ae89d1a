import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { reaped, runs } from '../../local/server-process.ts';
import { eventually } from '../stage/eventually.ts';

describe('a process that has ended', () => {
  it('runs no more, and is waited for while its number stands for it in the system’s table', async () => {
    // A shell that reads takes no note of its child's end until it is told to. The child says its number itself: one that
    // is only about to become its program has no words in the table either, as if it had ended.
    const careless = spawn('sh', ['-c', `sh -c 'echo $$; sleep 0.1' & read go; wait`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(careless, 'exit');
    const [printed] = (await once(careless.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    await eventually(() => assert.ok(!runs(pid, 'sleep')));
    assert.ok(process.kill(pid, 0), 'the system knows it still');
    const gone = reaped(pid);
    careless.stdin.end('go\n');
    await gone;
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await ended;
  });
});
