import { webhookRefusal } from '../../activities/webhook.ts';
import { AddressNotAllowed, type Resolve, ipLiteralOf, publicAddresses, requirePublic } from './public-addresses.ts';

/** Which URLs webhooks may be sent to. */
export interface UrlPolicy {
  /** Allows http:// and any address: for development and for receivers on a private network. */
  allowPrivate: boolean;
  resolve: Resolve;
}

/**
 * Returns the normalized URL if webhooks may be sent to it, or refuses `UrlNotAllowed`. This only reports mistakes
 * early: every request is checked again, at the address it is sent to.
 */
export async function checkUrl(text: string, urlPolicy: UrlPolicy): Promise<string> {
  const url = parseUrl(text, urlPolicy);
  if (urlPolicy.allowPrivate) return url.href;
  try {
    requirePublicIpLiteral(url);
    if (ipLiteralOf(url) === undefined) await publicAddresses(url.hostname, urlPolicy.resolve);
  } catch (error) {
    if (error instanceof AddressNotAllowed) throw webhookRefusal('UrlNotAllowed', error.message);
    throw error;
  }
  return url.href;
}

/** Checks an IP address in the URL, for which a connector does not call `lookup`. */
export function requirePublicIpLiteral(url: URL): void {
  const literal = ipLiteralOf(url);
  if (literal !== undefined) requirePublic(literal);
}

/** Parses and checks the URL, but not where its host leads. */
export function parseUrl(text: string, { allowPrivate }: Pick<UrlPolicy, 'allowPrivate'>): URL {
  const url = URL.parse(text);
  if (!url) throw webhookRefusal('UrlNotAllowed', 'this is not a URL');
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) {
    throw webhookRefusal('UrlNotAllowed', 'the URL must start with https://');
  }
  if (url.username || url.password)
    throw webhookRefusal('UrlNotAllowed', 'the URL must not contain a user name or password');
  if (url.hash) throw webhookRefusal('UrlNotAllowed', 'the URL must not contain a fragment');
  return url;
}
