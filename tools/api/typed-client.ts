import { type Client, createClient } from '../../clients/typescript/index.ts';
import { type Api, type ApiResponse, codeOf, detailOf } from './client.ts';

// `api` knows the server's address. A `Request` needs one all the same.
const PLACEHOLDER_URL = 'http://api';

/** The published typed client on top of `api`, with its retries and its session. */
export const typedClient = (api: Api): Client =>
  createClient({
    baseUrl: PLACEHOLDER_URL,
    fetch: async (request) => {
      const text = await request.text();
      const { status, headers, body } = await api({
        method: request.method as 'GET' | 'POST' | 'PATCH',
        path: request.url.slice(PLACEHOLDER_URL.length),
        headers: Object.fromEntries(request.headers),
        ...(text && { body: JSON.parse(text) as unknown }),
      });
      return new Response(typeof body === 'string' ? body || null : JSON.stringify(body), { status, headers });
    },
  });

/** What the typed client returns. */
interface TypedResponse<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The API refused the request: a repeat would change nothing. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly code: string;
  /** The problem document's own words; may be empty. */
  readonly detail: string;
  readonly response: ApiResponse;

  constructor(response: ApiResponse) {
    super(codeOf(response));
    this.code = codeOf(response);
    this.detail = detailOf(response);
    this.response = response;
  }
}

/** The data of a successful response; throws `RequestRefused` for any other. */
export function dataOf<Data>(result: TypedResponse<Data>): Data {
  if (result.data === undefined) throw refused(result);
  return result.data;
}

export const refused = ({ data, error, response: { status, headers } }: TypedResponse<unknown>): RequestRefused =>
  new RequestRefused({ status, headers, body: error ?? data });
