import { type Client, createClient } from '../../clients/typescript/index.ts';
import type { Answer, Api } from './client.ts';

// Whoever asks knows where the server is; a request must have an address all the same.
const SOMEWHERE = 'http://api';

/** The platform's API with the types of its description, asked as patiently and as whoever `api` asks. */
export const typed = (api: Api): Client =>
  createClient({
    baseUrl: SOMEWHERE,
    fetch: async (request) => {
      const text = await request.text();
      const { status, headers, body } = await api({
        method: request.method as 'GET' | 'POST' | 'PATCH',
        path: request.url.slice(SOMEWHERE.length),
        headers: Object.fromEntries(request.headers),
        ...(text && { body: JSON.parse(text) as unknown }),
      });
      return new Response(typeof body === 'string' ? body || null : JSON.stringify(body), { status, headers });
    },
  });

/** What the typed client tells of an answer. */
interface Told {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** The same answer without its types, for saying what is wrong with it. */
export const answerOf = ({ data, error, response: { status, headers } }: Told): Answer => ({
  status,
  headers,
  body: error ?? data,
});
