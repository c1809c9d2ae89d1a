import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mock } from 'node:test';
import { SignJWT } from 'jose';
import { createCallers } from '../../../gateway/auth/callers.ts';
import { EndedSessions } from '../../../gateway/auth/ended-sessions.ts';
import type { ExternalTokens } from '../../../gateway/auth/external-issuer.ts';
import { ServiceFault } from '../../../platform/http/client.ts';
import { userOf } from '../../stage/gateway-builders.ts';

const ISSUER = 'https://issuer.example';
const MINUTE_MS = 60_000;

describe('callers from an external issuer', () => {
  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }));
  afterEach(() => mock.timers.reset());

  const caller = { id: randomUUID(), role: 'customer' } as const;
  /** The profile's reads, and what the next one finds. */
  async function start() {
    const found = { active: true, down: false, reads: 0 };
    const token = await new SignJWT().setProtectedHeader({ alg: 'HS256' }).setIssuer(ISSUER).sign(Buffer.alloc(32));
    const verify = async () => ({ caller, profile: { name: 'Ada' }, until: Number.MAX_SAFE_INTEGER });
    const callers = createCallers({
      tokens: { verify: async () => undefined },
      ended: new EndedSessions({ lifetimeSeconds: 900 }),
      external: {
        tokens: { issuer: ISSUER, keysVersion: 1, verify } as unknown as ExternalTokens,
        users: {
          async ensureUser() {
            found.reads += 1;
            if (found.down) throw new ServiceFault('user', 'ensureUser', new Error('down'));
            return userOf({ id: caller.id, active: found.active });
          },
        },
      },
    });
    return { found, isCaller: async () => (await callers.callerOf(token)) !== undefined };
  }

  it('are looked up once a minute, so that those who are deactivated do not stay', async () => {
    const { found, isCaller } = await start();
    assert.equal(await isCaller(), true);
    found.active = false;
    assert.deepEqual([await isCaller(), found.reads], [true, 1]);
    mock.timers.tick(MINUTE_MS);
    assert.deepEqual([await isCaller(), found.reads], [false, 2]);
    found.active = true;
    assert.equal(await isCaller(), true);
  });

  it('stay known while the user service is away', async () => {
    const { found, isCaller } = await start();
    await isCaller();
    found.down = true;
    mock.timers.tick(MINUTE_MS);
    for (let count = 0; count < 3; count += 1) assert.equal(await isCaller(), true);
    assert.equal(found.reads, 2);
  });
});
