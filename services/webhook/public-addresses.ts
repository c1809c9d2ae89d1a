import type { LookupAddress, LookupOptions } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** Thrown for a host to which no request may be sent. */
export class AddressNotAllowed extends Error {
  override readonly name = 'AddressNotAllowed';
}

/** Looks up all addresses of a host name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

// Not `dns.lookup`: in its thread pool a slow name server would delay everything else. The timeout is below that of the
// request that registers an endpoint.
const resolver = new Resolver({ timeout: 1_000, tries: 2 });

export const resolveByDns: Resolve = async (hostname) => {
  const results = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return results.flatMap((result, index) =>
    result.status === 'fulfilled' ? result.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })) : [],
  );
};

// All that is allocated for the public IPv6 Internet. Other addresses that ipaddr.js calls unicast are not, or not yet.
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
// Azure's WireServer, which gives secrets to virtual machines at a public address; others are at 169.254.169.254.
const METADATA = new Set(['168.63.129.16']);

/**
 * Whether this is an address of the public Internet. An allowlist, which excludes loopback, private, link-local,
 * carrier-grade NAT, multicast, unspecified and reserved ranges, and IPv6 addresses that contain an IPv4 address
 * (mapped, NAT64, 6to4, Teredo).
 */
export function isPublic(text: string): boolean {
  // A zone (`fe80::1%eth0`) selects a network interface of this machine.
  if (text.includes('%') || !ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(GLOBAL_UNICAST) : !METADATA.has(address.toString());
}

/** The IP address in a URL; undefined if the host is a name. `URL` has normalized notations such as `0x7f.1`. */
export function ipLiteralOf({ hostname }: URL): string | undefined {
  const text = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(text) ? text : undefined;
}

/** Looks up the addresses of a host name, which must all be public. */
export async function publicAddresses(hostname: string, resolve: Resolve): Promise<LookupAddress[]> {
  const addresses = await resolve(hostname);
  if (addresses.length === 0) throw new AddressNotAllowed('this host cannot be found');
  // A private address among public ones is an attack or a mistake.
  for (const { address } of addresses) requirePublic(address);
  return addresses;
}

export function requirePublic(address: string): void {
  if (!isPublic(address)) throw new AddressNotAllowed('this host is not on the public Internet');
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * `lookup` for a connector. It checks the addresses that are connected to, so that a name cannot resolve to another
 * address after a check (DNS rebinding).
 */
export const publicLookup =
  (resolve: Resolve) =>
  (hostname: string, options: LookupOptions, respond: LookupCallback): void => {
    const succeed = (addresses: LookupAddress[]): void => {
      if (options.all) respond(null, addresses);
      else respond(null, addresses[0]!.address, addresses[0]!.family);
    };
    publicAddresses(hostname, resolve).then(succeed, (error: Error) => respond(error, ''));
  };
