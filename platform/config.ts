import { z } from 'zod';
import { clientConfig } from './database/url.ts';

/** A setting is missing or invalid. The message is one line that says what to change; nothing has started yet. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** Reads and checks settings once, at start-up, so that a bad deployment fails before it serves requests. */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  // Shells and compose files write "not set" as an empty variable.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = z.object(shape).safeParse(given);
  if (result.success) return Object.freeze(result.data);
  const [issue] = result.error.issues;
  const name = issue?.path.join('.') ?? 'settings';
  const complaint = given[name] === undefined ? 'is not set' : (issue?.message ?? 'is invalid');
  throw new SettingError(`setting ${name}: ${complaint}`);
}

/** A TCP port; 0 takes any free one. */
export const port = (byDefault: number) =>
  z.coerce
    .number({ error: 'must be a port number from 0 to 65535' })
    .int({ error: 'must be a port number from 0 to 65535' })
    .min(0, { error: 'must be a port number from 0 to 65535' })
    .max(65535, { error: 'must be a port number from 0 to 65535' })
    .default(byDefault);

export const postgresUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
  .check(({ value, issues }) => {
    try {
      clientConfig(value);
    } catch (error) {
      // Without the value, which contains a password.
      issues.push({ code: 'custom', message: (error as Error).message, input: undefined });
    }
  })
  .describe('postgres://user:password@host:port/database');

export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });

const requests = { error: 'must be a whole number of requests, 1 or more' };
/** A rate limit. 0 does not mean "none": a disabled defence is forgotten, and a million has the same effect. */
export const requestsPerMinute = z.coerce.number(requests).int(requests).min(1, requests).max(1_000_000_000, requests);

/** A comma-separated list. */
export const listed = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim().replace(/\/+$/, ''))
    .filter((entry) => entry !== '');

/** One or more URLs of one service, separated by commas. */
export const httpUrls = (byDefault: string) =>
  z
    .string()
    .default(byDefault)
    .transform(listed)
    .refine((urls) => urls.length > 0 && urls.every((url) => httpUrl.safeParse(url).success), {
      error: 'must be http:// or https:// URLs, separated by commas',
    });

/** A shared secret: at least 32 characters, so that it cannot be guessed. */
export const secret = z.string().min(32, { error: 'must be a secret of at least 32 characters' });
