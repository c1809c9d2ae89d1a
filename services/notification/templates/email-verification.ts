import type { Template } from './layout.ts';
import { timeInWords } from './time.ts';

export const emailVerification: Template<{ url: string; expiresAt: string }> = ({ url, expiresAt }) => ({
  subject: 'Please confirm your e-mail address',
  paragraphs: [
    `Confirm here that this is your address: ${url}`,
    `The link works once, until ${timeInWords(expiresAt)}. Orders that were placed with this address without an account then belong to the account. If you have not opened one, do nothing.`,
  ],
});
