import { hash } from 'node:crypto';
import type Koa from 'koa';

/**
 * A strong entity tag (RFC 9110 section 8.8.3): the version says which state this is, the digest that it is
 * byte for byte the same answer; stock and permitted actions change without a new version.
 */
export const entityTag = (version: number, text: string): string =>
  `"${version}-${hash('sha256', text, 'base64url').slice(0, 12)}"`;

/**
 * Whether the caller has this very answer already: RFC 9110 section 13.1.2, by entity tags compared weakly.
 * Koa's `fresh` also heeds the request's Cache-Control, which is for caches on the way and which `fetch` always sends.
 * A tag that says in which encoding the answer came is the same answer's, and is given back as it was.
 */
export function notModified(ctx: Koa.Context): boolean {
  const [wanted, tag] = [ctx.get('If-None-Match'), ctx.response.get('ETag')];
  if (!wanted || !tag || ctx.status !== 200 || !['GET', 'HEAD'].includes(ctx.method)) return false;
  const candidates = wanted.split(',').map((candidate) => candidate.trim());
  const held = candidates.find((candidate) => opaque(candidate) === opaque(tag));
  if (held) ctx.set('ETag', held);
  return held !== undefined || candidates.includes('*');
}

const opaque = (tag: string): string => tag.replace(/^W\//, '').replace(/-(?:br|gzip)"$/, '"');
