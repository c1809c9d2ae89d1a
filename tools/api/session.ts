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

interface Token {
  value: Promise<string>;
  /** When it is to be renewed, once that is known. */
  until: number;
}

/** The same API as somebody who is signed in: signs in when first asked and again when the token has expired. */
export function signedIn(api: Api, credentials: Credentials): Api {
  let token: Token | undefined;

  function current(): Token {
    if (token && Date.now() < token.until) return token;
    const fresh: Token = {
      until: Infinity,
      value: signIn(api, credentials).then(({ value, until }) => {
        fresh.until = until;
        return value;
      }),
    };
    // Whoever waits for it hears of the failure; the next one tries anew.
    fresh.value.catch(() => giveUp(fresh));
    token = fresh;
    return fresh;
  }

  const giveUp = (old: Token) => {
    if (token === old) token = undefined;
  };

  const ask = async (request: Ask, { value }: Token): Promise<Answer> =>
    api({ ...request, headers: { ...request.headers, authorization: `Bearer ${await value}` } });

  return async (request) => {
    const used = current();
    const answer = await ask(request, used);
    if (answer.status !== 401) return answer;
    giveUp(used);
    return ask(request, current());
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
