import { z } from 'zod';

const ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]";
// What may stand for itself in a domain besides ASCII. IDNA decides which of these characters a domain really can have.
const BEYOND_ASCII = String.raw`\u00a1-\ud7ff\uf900-\uffef`;
const LETTER = `[A-Za-z${BEYOND_ASCII}]`;
const LETTER_OR_DIGIT = `[A-Za-z0-9${BEYOND_ASCII}]`;
const INSIDE_LABEL = `[A-Za-z0-9${BEYOND_ASCII}-]{0,61}`;

/**
 * A mailbox of RFC 5321 section 4.1.2 at a host name of RFC 1123 section 2.1 or of IDNA (RFC 5890), within the lengths
 * of RFC 5321 section 4.5.3.1. The top-level domain is no number, so that no IPv4 address looks like a host name.
 *
 * Refused, although RFC 5321 has them: local parts in quotes, which it advises against, and address literals
 * (`a@[192.0.2.1]`), which are no address of a customer. Refused, although RFC 6531 has them: local parts beyond ASCII.
 * They need SMTPUTF8 at every mail server on the way; where it is missing, the customer of an order would get no mail.
 */
const EMAIL = new RegExp(
  `^(?![^@]{65})${ATEXT}+(?:\\.${ATEXT}+)*@(?:${LETTER_OR_DIGIT}(?:${INSIDE_LABEL}${LETTER_OR_DIGIT})?\\.)+` +
    `(?:${LETTER}${INSIDE_LABEL}${LETTER_OR_DIGIT}|[${BEYOND_ASCII}])$`,
);
const MAX_LENGTH = 254;

/**
 * An e-mail address. Case is kept for display, but does not distinguish addresses. A domain beyond ASCII becomes its
 * ASCII form (`пример.рф` is `xn--e1afmkfd.xn--p1ai`), which mail servers use: both are one address.
 */
export const Email = z
  .string()
  .max(MAX_LENGTH)
  .regex(EMAIL, { error: 'must be an e-mail address such as ada@example.com', abort: true })
  .overwrite(withAsciiDomain)
  .refine(isAscii, 'must be at a domain name that IDNA allows')
  // RFC 6531's format allows the domains that this pattern does; `email`, of RFC 5321, does not.
  .meta({ format: 'idn-email' });

/** The address with its domain in ASCII. An address without such a domain stays as it is, and is no `Email`. */
export function withAsciiDomain(email: string): string {
  const at = email.lastIndexOf('@') + 1;
  const domain = email.slice(at);
  // A URL's host goes through IDNA (UTS 46); these ASCII characters would mean something else there.
  if (!/[^\0-\x7f]/.test(domain) || /[\0-,/:-@[-`{-\x7f]/.test(domain)) return email;
  return `${email.slice(0, at)}${URL.parse(`https://${domain}`)?.hostname ?? domain}`;
}

function isAscii(email: string): boolean {
  return !/[^\0-\x7f]/.test(email) && EMAIL.test(email) && email.length <= MAX_LENGTH;
}
