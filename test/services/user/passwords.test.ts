import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createPasswords } from '../../../services/user/passwords.ts';
import { createTurnstile } from '../../../services/user/turnstile.ts';

describe('passwords', () => {
  const passwords = createPasswords({ memoryKib: 8, passes: 1, parallelism: 1 });

  it('are hashed as OWASP advises, each with a salt of its own', async () => {
    const careful = createPasswords();
    const [first, second] = await Promise.all([careful.hash('a password'), careful.hash('a password')]);
    assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.notEqual(first, second);
    assert.ok(await careful.verify('a password', second));
    assert.ok(!(await careful.verify('A password', second)));
  });

  it('agree with the reference implementation', async () => {
    // Made with `argon2 somesalt -id -v 13 -t 2 -k 65536 -p 1` on the input `password`, from its test suite.
    const theirs = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    assert.ok(await passwords.verify('password', theirs));
    assert.ok(!(await passwords.verify('Password', theirs)));
  });

  it('are the same however a keyboard composes their characters', async () => {
    assert.ok(await passwords.verify('cafe\u0301 paswoord', await passwords.hash('caf\u00e9 paswoord')));
  });

  it('are weak when hashed with less memory or fewer passes than today', async () => {
    const hash = await passwords.hash('a password');
    assert.ok(!passwords.isWeak(hash));
    assert.ok(createPasswords({ memoryKib: 16, passes: 1, parallelism: 1 }).isWeak(hash));
    assert.ok(createPasswords({ memoryKib: 8, passes: 2, parallelism: 1 }).isWeak(hash));
  });

  it('fail without showing what is stored where that is no hash', async () => {
    await assert.rejects(passwords.verify('a password', 'SECRET'), (error: Error) => !error.message.includes('SECRET'));
  });

  it('do not hold up the event loop, however many sign in', async () => {
    const careful = createPasswords();
    const before = performance.eventLoopUtilization();
    await Promise.all(Array.from({ length: 20 }, () => careful.hash('a password')));
    const { utilization } = performance.eventLoopUtilization(before);
    assert.ok(utilization < 0.5, `the loop was busy ${(100 * utilization).toFixed(0)} % of the time`);
  });

  it('leave threads to files and names, which are served while they wait', async () => {
    const careful = createPasswords();
    let done = 0;
    const hashes = Array.from({ length: 40 }, () => careful.hash('a password').then(() => (done += 1)));
    await Promise.all([readFile(import.meta.filename), lookup('localhost')]);
    assert.ok(done < 20, `${done} of 40 had to be hashed first`);
    await Promise.all(hashes);
  });
});

describe('the turnstile', () => {
  /** Work that ends when it is told to. */
  function held() {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { work: () => promise, end: resolve };
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('lets only so many through at once, and the next when one is done', async () => {
    const pass = createTurnstile({ width: 2, queue: 10 });
    const pieces = [held(), held(), held(), held()];
    const begun: number[] = [];
    const all = pieces.map((piece, index) => pass(() => (begun.push(index), piece.work())));
    await settled();
    assert.deepEqual(begun, [0, 1]);
    pieces[1]!.end();
    await settled();
    assert.deepEqual(begun, [0, 1, 2]);
    for (const piece of pieces) piece.end();
    await Promise.all(all);
    assert.deepEqual(begun, [0, 1, 2, 3]);
  });

  it('turns away whom the queue has no room for', async () => {
    const pass = createTurnstile({ width: 1, queue: 1 });
    const first = held();
    const running = pass(first.work);
    const waiting = pass(async () => 'served');
    await assert.rejects(
      pass(async () => 'served'),
      /1 are waiting already/,
    );
    first.end();
    await running;
    assert.equal(await waiting, 'served');
  });

  it('goes on after work that failed', async () => {
    const pass = createTurnstile({ width: 1, queue: 1 });
    await assert.rejects(
      pass(async () => {
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    assert.equal(await pass(async () => 'served'), 'served');
  });
});
