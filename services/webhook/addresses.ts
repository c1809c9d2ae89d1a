import type { LookupAddress, LookupOptions } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** Whatever a request may not be sent to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

// A name server that is slow on purpose holds up nobody else, as it would in the thread pool behind `dns.lookup`; and
// a registration is answered within the patience of whoever asks.
const resolver = new Resolver({ timeout: 1_000, tries: 2 });

export const resolveByDns: Resolve = async (hostname) => {
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return answers.flatMap((answer, at) =>
    answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family: at === 0 ? 4 : 6 })) : [],
  );
};

// All that is handed out for use on the public IPv6 Internet; whatever else ipaddr.js calls unicast is not (yet).
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
// A public address on which a cloud answers its machines, secrets and all, as others do on 169.254.169.254.
const METADATA = new Set(['168.63.129.16']);

/**
 * Whether this address is one of the public Internet. What is allowed is named, not what is forbidden: loopback,
 * private, link-local, carrier-grade NAT, multicast, unspecified and reserved ranges, and IPv6 addresses that carry an
 * IPv4 one (mapped, NAT64, 6to4, Teredo) are all something else.
 */
export function isPublic(text: string): boolean {
  // A zone (`fe80::1%eth0`) is about an interface of ours.
  if (text.includes('%') || !ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(GLOBAL_UNICAST) : !METADATA.has(address.toString());
}

/** The address that a URL's host spells out; undefined where it is a name. WHATWG's URL has undone `0x7f.1` and its kind. */
export function literalOf({ hostname }: URL): string | undefined {
  const text = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(text) ? text : undefined;
}

/** The addresses of this name, all of them public. */
export async function publicAddresses(hostname: string, resolve: Resolve): Promise<LookupAddress[]> {
  const addresses = await resolve(hostname);
  if (addresses.length === 0) throw new AddressRefused('this host cannot be found');
  // One that is not public among others is an attempt at something, or a mistake: neither is sent to.
  for (const { address } of addresses) requirePublic(address);
  return addresses;
}

export function requirePublic(address: string): void {
  if (!isPublic(address)) throw new AddressRefused('this host is not on the public Internet');
}

type Answer = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * `lookup` for a connector: what it checks is what is connected to, so that a name which answers differently the
 * second time gains nothing.
 */
export const publicLookup =
  (resolve: Resolve) =>
  (hostname: string, options: LookupOptions, answer: Answer): void => {
    const answerWith = (addresses: LookupAddress[]): void => {
      if (options.all) answer(null, addresses);
      else answer(null, addresses[0]!.address, addresses[0]!.family);
    };
    publicAddresses(hostname, resolve).then(answerWith, (error: Error) => answer(error, ''));
  };
