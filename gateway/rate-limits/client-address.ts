import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Parses the trusted proxies: CIDR ranges or single addresses. Throws for anything else. */
export function parseProxies(listed: readonly string[]): Range[] {
  return listed.map((entry) => {
    const [address = '', ...rest] = entry.split('/');
    if (isIP(address) === 0 || rest.length > 1) throw new Error(`${entry} is neither an IP address nor a CIDR range`);
    const parsed = ipaddr.parse(address);
    return rest.length === 0 ? [parsed, parsed.kind() === 'ipv4' ? 32 : 128] : ipaddr.parseCIDR(entry);
  });
}

/**
 * The address of the client. X-Forwarded-For is trusted as far as our own proxies wrote it. Each entry was added by the
 * address to its right, so from the right the first entry that is not one of our proxies is the client; entries further
 * left may be forged. At an invalid entry, the proxy that added it counts as the client.
 */
export function clientAddress(peer: string, forwardedFor: string, proxies: readonly Range[]): string {
  let client = parseAddress(peer);
  if (!client || !isProxy(client, proxies)) return peer;
  for (const entry of forwardedFor.split(',').toReversed()) {
    const address = parseAddress(entry.trim());
    if (!address) break;
    client = address;
    if (!isProxy(address, proxies)) break;
  }
  return client.toString();
}

/**
 * What counts as one anonymous caller: an IPv4 address, or an IPv6 network of 64 bits, because one household or machine
 * has all 2^64 addresses of such a network.
 */
export function callerAddress(address: string): string {
  const parsed = parseAddress(address);
  if (!parsed) return 'unknown';
  return parsed.kind() === 'ipv4' ? parsed.toString() : `${networkOf(parsed as ipaddr.IPv6)}/64`;
}

const networkOf = (address: ipaddr.IPv6): string =>
  new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]).toString();

/** Unwraps IPv4 in IPv6, and drops the port that some proxies add. Undefined for anything else than an address. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const [address = ''] = bare.split('%');
  // Stricter than ipaddr.js, which also accepts 0x7f.1 and 127.1.
  return isIP(address) === 0 ? undefined : ipaddr.process(address);
}

const isProxy = (address: ipaddr.IPv4 | ipaddr.IPv6, proxies: readonly Range[]): boolean =>
  proxies.some(([network, bits]) => network.kind() === address.kind() && address.match([network, bits] as never));
