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

const Session = z.object({ accessToken: z.string(), expiresIn: z.number() });

// A token is renewed this long before it expires, so that it does not on its way.
const RENEW_BEFORE_MS = 30_000;

/** The same API as somebody who is signed in: signs in when first asked and again when the token has expired. */
export function signedIn(api: Api, credentials: Credentials): Api {
  let token: Promise<{ value: string; until: number }> | undefined;

  async function currentToken(): Promise<string> {
    token ??= signIn(api, credentials);
    const asked = token;
    try {
      const { value, until } = await asked;
      if (Date.now() < until) return value;
    } catch (error) {
      if (token === asked) token = undefined;
      throw error;
    }
    if (token === asked) token = undefined;
    return currentToken();
  }

  async function ask(request: Ask): Promise<{ answer: Answer; used: string }> {
    const used = await currentToken();
    const headers = { ...request.headers, authorization: `Bearer ${used}` };
    return { answer: await api({ ...request, headers }), used };
  }

  return async (request) => {
    const first = await ask(request);
    if (first.answer.status !== 401) return first.answer;
    // Another request may have renewed it meanwhile; only the token that failed is given up.
    const current = await token?.catch(() => undefined);
    if (current?.value === first.used) token = undefined;
    return (await ask(request)).answer;
  };
}

async function signIn(api: Api, { email, password }: Credentials): Promise<{ value: string; until: number }> {
  const request: Ask = { method: 'POST', path: '/v1/sessions', body: { email, password } };
  const answer = await api(request);
  if (codeOf(answer) === 'BadCredentials') throw new BadCredentials(`${email} cannot sign in with this password`);
  if (answer.status !== 201) throw unexpected(request, answer);
  const { accessToken, expiresIn } = Session.parse(answer.body);
  const lifeMs = expiresIn * 1000;
  return { value: accessToken, until: Date.now() + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 2) };
}
