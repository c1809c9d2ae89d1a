import { z } from 'zod';
import { type Api, type Ask, type Answer, codeOf, unexpected } from './client.ts';

export interface Credentials {
  email: string;
  password: string;
}

/** E-mail and password are not those of anybody. */
export class BadCredentials extends Error {
  override readonly name = 'BadCredentials';
}

const SessionAnswer = z.object({ accessToken: z.string(), expiresIn: z.number(), refreshToken: z.string() });

// A token is renewed this long before it expires, so that it does not on its way.
const RENEW_BEFORE_MS = 30_000;

interface Tokens {
  accessToken: string;
  refreshToken: string;
  until: number;
}

interface Session {
  tokens: Promise<Tokens>;
  /** When its access token is to be renewed, once that is known. */
  until: number;
}

/**
 * The same API as somebody who is signed in: signs in when first asked, goes on by the refresh token when the access
 * token expires, and signs in again where the session has ended.
 */
export function signedIn(api: Api, credentials: Credentials): Api {
  let session: Session | undefined;

  function current(): Session {
    if (session && Date.now() < session.until) return session;
    const before = session?.tokens;
    const fresh: Session = {
      until: Infinity,
      tokens: renewed(api, credentials, before).then((tokens) => {
        fresh.until = tokens.until;
        return tokens;
      }),
    };
    // Whoever waits for it hears of the failure; the next one tries anew.
    fresh.tokens.catch(() => giveUp(fresh));
    session = fresh;
    return fresh;
  }

  const giveUp = (old: Session) => {
    if (session === old) session = undefined;
  };

  const ask = async (request: Ask, { tokens }: Session): Promise<Answer> =>
    api({ ...request, headers: { ...request.headers, authorization: `Bearer ${(await tokens).accessToken}` } });

  return async (request) => {
    const used = current();
    const answer = await ask(request, used);
    if (answer.status !== 401) return answer;
    giveUp(used);
    return ask(request, current());
  };
}

async function renewed(api: Api, credentials: Credentials, before: Promise<Tokens> | undefined): Promise<Tokens> {
  const refreshToken = (await before?.catch(() => undefined))?.refreshToken;
  const refreshed = refreshToken === undefined ? undefined : await refresh(api, refreshToken);
  return refreshed ?? signIn(api, credentials);
}

async function refresh(api: Api, refreshToken: string): Promise<Tokens | undefined> {
  const answer = await api({ method: 'POST', path: '/v1/sessions/refresh', body: { refreshToken } });
  return answer.status === 200 ? tokensOf(answer) : undefined;
}

async function signIn(api: Api, { email, password }: Credentials): Promise<Tokens> {
  const request: Ask = { method: 'POST', path: '/v1/sessions', body: { email, password } };
  const answer = await api(request);
  if (codeOf(answer) === 'BadCredentials') throw new BadCredentials(`${email} cannot sign in with this password`);
  if (answer.status !== 201) throw unexpected(request, answer);
  return tokensOf(answer);
}

function tokensOf({ body }: Answer): Tokens {
  const { expiresIn, ...tokens } = SessionAnswer.parse(body);
  const lifeMs = expiresIn * 1000;
  return { ...tokens, until: Date.now() + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 2) };
}
