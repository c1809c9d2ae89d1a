import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { createConcurrencyLimit } from './concurrency-limit.ts';

/** The cost of one guess. */
export interface Argon2Parameters {
  memoryKib: number;
  passes: number;
  parallelism: number;
}

/** The minimum for Argon2id in the OWASP Password Storage Cheat Sheet: about 50 ms of one core. */
const OWASP: Argon2Parameters = { memoryKib: 19_456, passes: 2, parallelism: 1 };

// Each takes 19 MiB and one of libuv's four threads, which file access and DNS lookups need too.
const CONCURRENT = 2;
// At 50 ms each and two at once, the last in the queue waits 4 s; a direct caller's timeout is 5 s.
const QUEUED = 160;
// RFC 9106: 16 bytes of salt are enough for passwords (section 3.1), with a tag of 256 bits (section 4).
const SALT_BYTES = 16;
const TAG_BYTES = 32;

export interface Passwords {
  /** Returns a new hash in PHC string format. */
  hash(password: string): Promise<string>;
  /** Whether `hash` is a hash of `password`. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Whether the hash is cheaper to guess than one made with today's parameters. */
  isWeak(hash: string): boolean;
}

/** Hashes passwords with Argon2id (RFC 9106) off the event loop, a few at a time. */
export function createPasswords(parameters: Argon2Parameters = OWASP): Passwords {
  const limited = createConcurrencyLimit({ concurrent: CONCURRENT, queued: QUEUED });
  const derive = (
    password: string,
    salt: Buffer,
    tagLength: number,
    { memoryKib, passes, parallelism }: Argon2Parameters,
  ) =>
    limited(() =>
      // NIST SP 800-63B section 3.1.1.2: normalized, because keyboards compose the same characters differently.
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
      const { salt, tag, parameters: used } = parse(hash);
      return timingSafeEqual(await derive(password, salt, tag.length, used), tag);
    },
    isWeak(hash) {
      const used = parse(hash).parameters;
      return used.memoryKib < parameters.memoryKib || used.passes < parameters.passes;
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
  // The message leaves out the hash: messages end up in logs.
  if (!parts) throw new Error('a stored password hash is not an argon2id hash in PHC string format');
  const [, memoryKib, passes, parallelism, salt, tag] = parts;
  return {
    parameters: { memoryKib: Number(memoryKib), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt!, 'base64'),
    tag: Buffer.from(tag!, 'base64'),
  };
}
