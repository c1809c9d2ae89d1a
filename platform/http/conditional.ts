import type Koa from 'koa';

/**
 * Whether the caller has this very answer already: RFC 9110 section 13.1.2, by entity tags compared weakly.
 * Koa's `fresh` also heeds the request's Cache-Control, which is for caches on the way and which `fetch` always sends.
 */
export function notModified(ctx: Koa.Context): boolean {
  const [wanted, tag] = [ctx.get('If-None-Match'), ctx.response.get('ETag')];
  if (!wanted || !tag || ctx.status !== 200 || !['GET', 'HEAD'].includes(ctx.method)) return false;
  return wanted.split(',').some((candidate) => candidate.trim() === '*' || opaque(candidate) === opaque(tag));
}

const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
