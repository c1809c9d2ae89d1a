import { z } from 'zod';
import { type Api, type ApiRequest, type ApiResponse, codeOf } from './client.ts';
import { RequestRefused } from './typed-client.ts';

export interface Credentials {
  email: string;
  password: string;
}

/** No account has this e-mail address and password. */
export class BadCredentials extends Error {
  override readonly name = 'BadCredentials';
}

const SessionBody = z.object({ accessToken: z.string(), expiresIn: z.number(), refreshToken: z.string() });

// A token is renewed this long before it expires, so that it does not expire on the way.
const RENEW_BEFORE_MS = 30_000;

interface Tokens {
  accessToken: string;
  refreshToken: string;
  /** When the access token has to be renewed, in milliseconds since the epoch. */
  renewAt: number;
}

interface Session {
  tokens: Promise<Tokens>;
  /** `Infinity` while the tokens are on their way. */
  renewAt: number;
}

/**
 * `api` with an access token on every request. Signs in on the first request, renews an expired access token with the
 * refresh token, and signs in again when the session has ended.
 */
export function withSession(api: Api, credentials: Credentials): Api {
  let session: Session | undefined;

  function currentSession(): Session {
    if (session && Date.now() < session.renewAt) return session;
    const previous = session?.tokens;
    const fresh: Session = {
      renewAt: Infinity,
      tokens: renewTokens(api, credentials, previous).then((tokens) => {
        fresh.renewAt = tokens.renewAt;
        return tokens;
      }),
    };
    // Requests that wait for the tokens fail with this error; the next request tries again.
    fresh.tokens.catch(() => discard(fresh));
    session = fresh;
    return fresh;
  }

  const discard = (old: Session) => {
    if (session === old) session = undefined;
  };

  const send = async (request: ApiRequest, { tokens }: Session): Promise<ApiResponse> =>
    api({ ...request, headers: { ...request.headers, authorization: `Bearer ${(await tokens).accessToken}` } });

  return async (request) => {
    const used = currentSession();
    const response = await send(request, used);
    if (response.status !== 401) return response;
    discard(used);
    return send(request, currentSession());
  };
}

async function renewTokens(api: Api, credentials: Credentials, previous: Promise<Tokens> | undefined): Promise<Tokens> {
  const refreshToken = (await previous?.catch(() => undefined))?.refreshToken;
  const refreshed = refreshToken === undefined ? undefined : await refresh(api, refreshToken);
  return refreshed ?? signIn(api, credentials);
}

async function refresh(api: Api, refreshToken: string): Promise<Tokens | undefined> {
  const response = await api({ method: 'POST', path: '/v1/sessions/refresh', body: { refreshToken } });
  return response.status === 200 ? tokensOf(response) : undefined;
}

async function signIn(api: Api, { email, password }: Credentials): Promise<Tokens> {
  const response = await api({ method: 'POST', path: '/v1/sessions', body: { email, password } });
  if (codeOf(response) === 'BadCredentials')
    throw new BadCredentials(`wrong password for ${email}, or no such account`);
  if (response.status !== 201) throw new RequestRefused(response);
  return tokensOf(response);
}

function tokensOf({ body }: ApiResponse): Tokens {
  const { expiresIn, ...tokens } = SessionBody.parse(body);
  const lifetimeMs = expiresIn * 1000;
  return { ...tokens, renewAt: Date.now() + lifetimeMs - Math.min(RENEW_BEFORE_MS, lifetimeMs / 2) };
}
