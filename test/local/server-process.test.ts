import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isRunning, waitUntilReaped } from '../../local/server-process.ts';
import { eventually } from '../stage/eventually.ts';

describe('a process that has ended', () => {
  it('does not count as running, and can be awaited until it leaves the process table', async () => {
    // A shell in `read` does not reap its child. The child prints its own process id: before exec its command line is
    // missing, too, as if it had ended.
    const shell = spawn('sh', ['-c', `sh -c 'echo $$; sleep 0.1' & read go; wait`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(shell, 'exit');
    const [printed] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    await eventually(() => assert.ok(!isRunning(pid, 'sleep')));
    assert.ok(process.kill(pid, 0), 'the process table does not contain it');
    const gone = waitUntilReaped(pid);
    shell.stdin.end('go\n');
    await gone;
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await ended;
  });
});
