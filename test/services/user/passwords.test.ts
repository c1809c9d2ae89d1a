import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createConcurrencyLimit } from '../../../services/user/concurrency-limit.ts';
import { createPasswords } from '../../../services/user/passwords.ts';

describe('passwords', () => {
  const passwords = createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 });

  it('are hashed as OWASP recommends, each with its own salt', async () => {
    const careful = createPasswords();
    const [first, second] = await Promise.all([careful.hash('a password'), careful.hash('a password')]);
    assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.notEqual(first, second);
    assert.ok(await careful.verify('a password', second));
    assert.ok(!(await careful.verify('A password', second)));
  });

  it('agree with the reference implementation', async () => {
    // Made with `argon2 somesalt -id -v 13 -t 2 -k 65536 -p 1` on the input `password`, from its test suite.
    const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    assert.ok(await passwords.verify('password', reference));
    assert.ok(!(await passwords.verify('Password', reference)));
  });

  it('match however the keyboard composes their characters', async () => {
    assert.ok(await passwords.verify('cafe\u0301 paswoord', await passwords.hash('caf\u00e9 paswoord')));
  });

  it('are weakly hashed with less memory or fewer passes than the current parameters', async () => {
    const hash = await passwords.hash('a password');
    assert.ok(!passwords.isWeak(hash));
    assert.ok(createPasswords({ memoryKib: 16, passes: 1, parallelism: 1 }).isWeak(hash));
    assert.ok(createPasswords({ memoryKib: 8, passes: 2, parallelism: 1 }).isWeak(hash));
  });

  it('fail without showing the stored text if it is not a hash', async () => {
    await assert.rejects(passwords.verify('a password', 'SECRET'), (error: Error) => !error.message.includes('SECRET'));
  });

  it('do not block the event loop, however many users sign in', async () => {
    const careful = createPasswords();
    const before = performance.eventLoopUtilization();
    await Promise.all(Array.from({ length: 20 }, () => careful.hash('a password')));
    const { utilization } = performance.eventLoopUtilization(before);
    assert.ok(utilization < 0.5, `the event loop was busy ${(100 * utilization).toFixed(0)} % of the time`);
  });

  it('leave threads for file access and DNS lookups while they wait', async () => {
    const careful = createPasswords();
    let done = 0;
    const hashes = Array.from({ length: 40 }, () => careful.hash('a password').then(() => (done += 1)));
    await Promise.all([readFile(import.meta.filename), lookup('localhost')]);
    assert.ok(done < 20, `${done} of 40 hashes came first`);
    await Promise.all(hashes);
  });
});

describe('a concurrency limit', () => {
  /** Work that lasts until `end` is called. */
  function held() {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { work: () => promise, end: resolve };
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('runs a limited number at once, and the next when one ends', async () => {
    const limited = createConcurrencyLimit({ concurrent: 2, queued: 10 });
    const pieces = [held(), held(), held(), held()];
    const begun: number[] = [];
    const all = pieces.map((piece, index) => limited(() => (begun.push(index), piece.work())));
    await settled();
    assert.deepEqual(begun, [0, 1]);
    pieces[1]!.end();
    await settled();
    assert.deepEqual(begun, [0, 1, 2]);
    for (const piece of pieces) piece.end();
    await Promise.all(all);
    assert.deepEqual(begun, [0, 1, 2, 3]);
  });

  it('rejects work when the queue is full', async () => {
    const limited = createConcurrencyLimit({ concurrent: 1, queued: 1 });
    const first = held();
    const running = limited(first.work);
    const waiting = limited(async () => 'served');
    await assert.rejects(
      limited(async () => 'served'),
      /1 are already waiting, try again later/,
    );
    first.end();
    await running;
    assert.equal(await waiting, 'served');
  });

  it('continues after work that failed', async () => {
    const limited = createConcurrencyLimit({ concurrent: 1, queued: 1 });
    await assert.rejects(
      limited(async () => {
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    assert.equal(await limited(async () => 'served'), 'served');
  });
});
