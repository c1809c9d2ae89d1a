import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Which addresses are proxies of ours: CIDR ranges or single addresses. Throws for anything else. */
export function parseProxies(listed: readonly string[]): Range[] {
  return listed.map((entry) => {
    const [address = '', ...rest] = entry.split('/');
    if (isIP(address) === 0 || rest.length > 1) throw new Error(`${entry} is no address and no range`);
    const parsed = ipaddr.parse(address);
    return rest.length === 0 ? [parsed, parsed.kind() === 'ipv4' ? 32 : 128] : ipaddr.parseCIDR(entry);
  });
}

/**
 * Whom a request comes from. X-Forwarded-For is believed as far as our own proxies wrote it: from the right, each
 * entry was added by the address after it, so that the first one which is no proxy of ours is the client; whatever
 * stands further left anybody may have made up. An entry that is no address ends the walk at the proxy that added it.
 */
export function clientAddress(peer: string, forwardedFor: string, proxies: readonly Range[]): string {
  let client = plain(peer);
  if (!client || !isProxy(client, proxies)) return peer;
  for (const entry of forwardedFor.split(',').toReversed()) {
    const address = plain(entry.trim());
    if (!address) break;
    client = address;
    if (!isProxy(address, proxies)) break;
  }
  return client.toString();
}

/**
 * Who counts as one caller where nobody is signed in: an IPv4 address, or an IPv6 network of 64 bits, which is what
 * one household or one machine is given, with 2^64 addresses to come from.
 */
export function callerAddress(address: string): string {
  const parsed = plain(address);
  if (!parsed) return 'unknown';
  return parsed.kind() === 'ipv4' ? parsed.toString() : `${networkOf(parsed as ipaddr.IPv6)}/64`;
}

const networkOf = (address: ipaddr.IPv6): string =>
  new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]).toString();

/** IPv4 also where it comes wrapped in IPv6; some proxies add a port. Undefined for what is no address. */
function plain(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const [address = ''] = bare.split('%');
  // Stricter than ipaddr.js, which also reads 0x7f.1 and 127.1.
  return isIP(address) === 0 ? undefined : ipaddr.process(address);
}

const isProxy = (address: ipaddr.IPv4 | ipaddr.IPv6, proxies: readonly Range[]): boolean =>
  proxies.some(([network, bits]) => network.kind() === address.kind() && address.match([network, bits] as never));
