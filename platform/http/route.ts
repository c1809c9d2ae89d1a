import type { z } from 'zod';

/**
 * Who may call: anybody, whoever is signed in, an admin, another service of ours, whoever signs the body, or a machine
 * that shows its id and secret to the handler.
 */
export type Access = 'public' | 'user' | 'admin' | 'service' | 'signed' | 'client';

/** Whoever is signed in. */
export interface Caller {
  id: string;
  role: 'customer' | 'admin';
  /** What signing in opened; a machine has none. */
  sessionId?: string;
  /** All that a machine may do; a person may do whatever the role allows. */
  scopes?: readonly string[];
}

export interface RouteRequest<Params = unknown, Query = unknown, Body = unknown> {
  params: Params;
  query: Query;
  body: Body;
  /** A request header, or '' where there is none. */
  header: (name: string) => string;
  /** The body as it came, for checking signatures; '' where there was none. */
  rawBody: string;
  /** Defined wherever `access` is `user` or `admin`. */
  caller: Caller | undefined;
  /** Defined wherever the route is `idempotent`. */
  idempotencyKey: string | undefined;
  /** Whether this very request was tried before without an answer being kept: its effect may have happened. */
  retried: boolean;
  requestId: string;
  /** The network address it came from, as far as that is known. */
  address: string;
}

export interface Reply {
  status: number;
  body?: unknown;
  /** Counts the changes of what the body shows: its entity tag is made of this and of the very text. */
  version?: number;
  headers?: Record<string, string>;
}

export interface Response {
  description: string;
  /** The answer is built from this shape: a field it does not name never leaves. Absent: no body, or not JSON. */
  body?: z.ZodType;
  /** What the body is, or may be, where it is not JSON. */
  mediaType?: string | string[];
  /** Headers of the answer, and what they say. */
  headers?: Record<string, string>;
  /** What may be asked next with what it holds: for readers of the API. */
  links?: Links;
}

/** Operations by their ids, each with what it takes from the answer or from what was asked: OpenAPI's expressions. */
export type Links = Record<string, { parameters?: Record<string, string>; requestBody?: unknown }>;

/** A route that is on its way out: dates as `YYYY-MM-DD`, in UTC. */
export interface Deprecation {
  since: string;
  /** From when on it may be gone. */
  sunset?: string;
  /** Address of what takes its place. */
  successor?: string;
}

/** One endpoint: its address, its shapes and its behaviour in one value. Validation and OpenAPI are read off it. */
export interface Route<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** koa-router's syntax: `/v1/orders/:orderId`. */
  path: string;
  operationId: string;
  summary: string;
  tag: string;
  access: Access;
  /** What a machine needs to call it, all of them; absent: no machine can. Of people only `access` is asked. */
  scopes?: readonly string[];
  /** Which limit counts its requests: the usual one where absent; `sign_in` is stricter and by address. */
  rate?: 'sign_in' | 'uncounted';
  /** Said on every answer and in the description of the API. */
  deprecation?: Deprecation;
  /** Wants an Idempotency-Key and answers a repeat with the first answer. */
  idempotent?: boolean;
  params?: Params;
  /** Absent: a query of any kind is refused. */
  query?: Query;
  /** May be left out of the request where the shape accepts `undefined`. */
  body?: Body;
  /** The body is `application/x-www-form-urlencoded`, as RFC 6749 has it, and not JSON. */
  form?: boolean;
  /** Bytes; the app's own limit where absent. */
  bodyLimit?: number;
  /** Request headers it heeds beside those that every route does, and what they do: for readers of the API. */
  headers?: Record<string, string>;
  responses: Record<number, Response>;
  /** Codes of the problems it may answer, by status, beside those every route has. */
  problems?: Record<number, string[]>;
  handle(asked: RouteRequest<z.infer<Params>, z.infer<Query>, z.infer<Body>>): Promise<Reply>;
}

export type AnyRoute = Route;

/** Only here so that `handle` is typed by the schemas beside it. */
export const route = <Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType>(
  definition: Route<Params, Query, Body>,
): AnyRoute => definition;
