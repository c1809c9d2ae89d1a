import { hash } from 'node:crypto';
import type Koa from 'koa';

/**
 * A strong entity tag (RFC 9110 section 8.8.3). The version identifies the resource's state, the digest the exact bytes:
 * stock and permitted actions change without a new version.
 */
export const entityTag = (version: number, text: string): string =>
  `"${version}-${hash('sha256', text, 'base64url').slice(0, 12)}"`;

/**
 * Whether the caller already has this response: RFC 9110 section 13.1.2, with weak comparison of entity tags.
 * Koa's `fresh` also applies the request's Cache-Control, which is meant for caches on the way and which `fetch` always
 * sends. A tag with an encoding suffix (`-gzip`, `-br`) counts as the same tag and is returned unchanged.
 */
export function notModified(ctx: Koa.Context): boolean {
  const [wanted, tag] = [ctx.get('If-None-Match'), ctx.response.get('ETag')];
  if (!wanted || !tag || ctx.status !== 200 || !['GET', 'HEAD'].includes(ctx.method)) return false;
  if (wanted.trim() === '*') return true;
  const held = entityTagsIn(wanted).find((candidate) => opaque(candidate) === opaque(tag));
  if (held) ctx.set('ETag', held);
  return held !== undefined;
}

/** The entity tags of an If-Match or If-None-Match header, weak ones with `W/`. A tag may contain commas. */
export const entityTagsIn = (header: string): string[] => header.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];

const opaque = (tag: string): string => tag.replace(/^W\//, '').replace(/-(?:br|gzip)"$/, '"');
