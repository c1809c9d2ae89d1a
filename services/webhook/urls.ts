import { AddressRefused, type Resolve, literalOf, publicAddresses, requirePublic } from './addresses.ts';
import { refusal } from './refusal.ts';

/** What may be sent to. */
export interface Reach {
  /** Plain http:// and any address at all: for development, and where receivers are inside. */
  allowPrivate: boolean;
  resolve: Resolve;
}

/**
 * The URL as it is kept, if it may be sent to; refuses `UrlNotAllowed`. Here only so that a mistake is told early:
 * every request is checked again, at the address it is sent to.
 */
export async function checkUrl(text: string, reach: Reach): Promise<string> {
  const url = parse(text, reach);
  if (reach.allowPrivate) return url.href;
  try {
    requirePublicLiteral(url);
    if (literalOf(url) === undefined) await publicAddresses(url.hostname, reach.resolve);
  } catch (error) {
    if (error instanceof AddressRefused) throw refusal('UrlNotAllowed', error.message);
    throw error;
  }
  return url.href;
}

/** A connector looks no address up that is spelled out. */
export function requirePublicLiteral(url: URL): void {
  const literal = literalOf(url);
  if (literal !== undefined) requirePublic(literal);
}

/** Of the form that may be sent to, wherever it leads. */
export function parse(text: string, { allowPrivate }: Pick<Reach, 'allowPrivate'>): URL {
  const url = URL.parse(text);
  if (!url) throw refusal('UrlNotAllowed', 'this is not a URL');
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) {
    throw refusal('UrlNotAllowed', 'this must be an https:// URL');
  }
  if (url.username || url.password) throw refusal('UrlNotAllowed', 'this must have no user name or password in it');
  if (url.hash) throw refusal('UrlNotAllowed', 'this must have no fragment');
  return url;
}
