import type { z } from 'zod';

/**
 * Who may call a route. `public`: anyone; `user`: a signed-in user; `staff`: a signed-in user with one of the roles of
 * the route's `staff`; `service`: another service of the platform; `signed`: the sender of a signed body; `client`: an
 * API client, whose id and secret the handler checks.
 */
export type Access = 'public' | 'user' | 'staff' | 'service' | 'signed' | 'client';

/** Roles of people who work for the shop. Each includes what a `viewer` may do, and `admin` includes all others. */
export type StaffRole = 'viewer' | 'support' | 'fulfilment' | 'admin';

/** The signed-in user, the guest or the API client. */
export interface Caller {
  id: string;
  /** `guest`: a customer without an account, who may call only routes with `guests`. */
  role: 'customer' | 'guest' | StaffRole;
  /** The session opened by signing in; API clients have none. */
  sessionId?: string;
  /** Everything an API client may do; a person may do what the role allows. */
  scopes?: readonly string[];
  /** Whether the caller acts for the shop in this request, and so on everybody's objects, by a role or by scopes. */
  isStaff?: boolean;
}

export interface RouteRequest<Params = unknown, Query = unknown, Body = unknown> {
  params: Params;
  query: Query;
  body: Body;
  /** Returns a request header, or '' if it is missing. */
  header: (name: string) => string;
  /** The first of these media types that the client accepts best; all of them without an Accept header. */
  accepts: (...types: string[]) => string | false;
  /** The unparsed body, for checking signatures; '' if there is none. */
  rawBody: string;
  /** Defined if `access` is `user` or `staff`. */
  caller: Caller | undefined;
  /** Defined if the route is `idempotent`. */
  idempotencyKey: string | undefined;
  /** Whether an earlier attempt of this request left no stored response: its effect may have happened. */
  retried: boolean;
  requestId: string;
  /** The client's IP address, as far as it is known. */
  address: string;
}

export interface Reply {
  status: number;
  body?: unknown;
  /** The version of the resource in the body. The entity tag is made of it and of the body's text. */
  version?: number;
  headers?: Record<string, string>;
}

export interface Response {
  description: string;
  /**
   * The response is built from this schema: fields it does not declare are dropped, for a route with the access `service` by
   * its caller. Absent: no body, or not JSON.
   */
  body?: z.ZodType;
  /** The media type, or types, of a body that is not JSON. With `body` too, the response is one of both: text is not JSON. */
  mediaType?: string | string[];
  /** Response headers and their descriptions. */
  headers?: Record<string, string>;
  /** Operations that can follow, for the API documentation. */
  links?: Links;
}

/** Operation ids, each with its parameters taken from the response or the request, as OpenAPI runtime expressions. */
export type Links = Record<string, { parameters?: Record<string, string>; requestBody?: unknown }>;

/** A deprecated route. Dates are `YYYY-MM-DD`, in UTC. */
export interface Deprecation {
  since: string;
  /** The date from which it may be removed. */
  sunset?: string;
  /** URL of the replacement. */
  successor?: string;
}

/** One endpoint: its address, schemas and behaviour in one value. Validation and the OpenAPI document derive from it. */
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
  /**
   * The roles that may call a route with the access `staff`, or act on everybody's objects by one with the access `user`.
   * Admins always may, and a role includes those below it: `viewer` stands for all staff. Absent: admins only.
   */
  staff?: readonly StaffRole[];
  /** Whether guests may call a route with the access `user`, for themselves. */
  guests?: boolean;
  /** Scopes an API client needs, all of them; absent: no API client may call it. For people only `access` and `staff` count. */
  scopes?: readonly string[];
  /** Which rate limit applies: the default one if absent; `sign_in` is stricter and per IP address. */
  rate?: 'sign_in' | 'uncounted';
  /** Announced in every response and in the API documentation. */
  deprecation?: Deprecation;
  /** Requires an Idempotency-Key and returns the first response on every repeat. */
  idempotent?: boolean;
  params?: Params;
  /** Absent: any query parameter is refused. */
  query?: Query;
  /** The request may omit the body if the schema accepts `undefined`. */
  body?: Body;
  /** The body is `application/x-www-form-urlencoded` (RFC 6749), not JSON. */
  form?: boolean;
  /** Bytes; if absent, the app's limit applies. */
  bodyLimit?: number;
  /** Additional request headers and their descriptions, for the API documentation. */
  headers?: Record<string, string>;
  responses: Record<number, Response>;
  /** Problem codes it may return, by status, in addition to those of every route. */
  problems?: Record<number, string[]>;
  handle(request: RouteRequest<z.infer<Params>, z.infer<Query>, z.infer<Body>>): Promise<Reply>;
}

export type AnyRoute = Route;

/** Identity function that types `handle` by the route's schemas. */
export const route = <Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType>(
  definition: Route<Params, Query, Body>,
): AnyRoute => definition;
