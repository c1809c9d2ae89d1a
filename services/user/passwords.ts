import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { createTurnstile } from './turnstile.ts';

/** How costly a guess is. `memoryKib` in KiB. */
export interface Argon2Parameters {
  memoryKib: number;
  passes: number;
  parallelism: number;
}

/** OWASP Password Storage Cheat Sheet, its minimum for Argon2id: about 50 ms of one core. */
const OWASP: Argon2Parameters = { memoryKib: 19_456, passes: 2, parallelism: 1 };

// Each takes 19 MiB and a thread of libuv's four, which files and names need too.
const AT_ONCE = 2;
// At 50 ms each and two at once, the last in the queue waits 4 s; a direct caller waits 5.
const QUEUE = 160;
// RFC 9106 section 3.1: 16 bytes of salt suffice for passwords; section 4: a tag of 256 bits.
const SALT_BYTES = 16;
const TAG_BYTES = 32;

export interface Passwords {
  /** A new hash, in PHC string format. */
  hash(password: string): Promise<string>;
  /** Whether `hash` was made of `password`. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Whether a hash is cheaper to guess than today's would be. */
  isWeak(hash: string): boolean;
}

/** Argon2id (RFC 9106) off the event loop, a few at a time. */
export function createPasswords(parameters: Argon2Parameters = OWASP): Passwords {
  const pass = createTurnstile({ width: AT_ONCE, queue: QUEUE });
  const derive = (
    password: string,
    salt: Buffer,
    tagLength: number,
    { memoryKib, passes, parallelism }: Argon2Parameters,
  ) =>
    pass(() =>
      // NIST SP 800-63B section 3.1.1.2: one password, however a keyboard composes its characters.
      argon2id('argon2id', {
        message: password.normalize('NFKC'),
        nonce: salt,
        tagLength,
        memory: memoryKib,
        passes,
        parallelism,
      }),
    );
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      return format({ parameters, salt, tag: await derive(password, salt, TAG_BYTES, parameters) });
    },
    async verify(password, hash) {
      const { salt, tag, parameters: theirs } = parse(hash);
      return timingSafeEqual(await derive(password, salt, tag.length, theirs), tag);
    },
    isWeak(hash) {
      const theirs = parse(hash).parameters;
      return theirs.memoryKib < parameters.memoryKib || theirs.passes < parameters.passes;
    },
  };
}

const argon2id = promisify(argon2);

interface Hash {
  parameters: Argon2Parameters;
  salt: Buffer;
  tag: Buffer;
}

/** https://github.com/P-H-C/phc-string-format: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, base64 without padding. */
function format({ parameters: { memoryKib, passes, parallelism }, salt, tag }: Hash): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

function parse(hash: string): Hash {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash);
  // Without the hash itself: messages end up in logs.
  if (!parts) throw new Error('a stored password hash is not an argon2id hash in PHC string format');
  const [, memoryKib, passes, parallelism, salt, tag] = parts;
  return {
    parameters: { memoryKib: Number(memoryKib), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt!, 'base64'),
    tag: Buffer.from(tag!, 'base64'),
  };
}
