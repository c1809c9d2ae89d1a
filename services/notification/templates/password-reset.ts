import type { Template } from './layout.ts';
import { timeInWords } from './time.ts';

export const passwordReset: Template<{ url: string; expiresAt: string }> = ({ url, expiresAt }) => ({
  subject: 'Set a new password',
  paragraphs: [
    'Somebody asked to set a new password for your account.',
    `If it was you, choose it here: ${url}`,
    `The link works once, until ${timeInWords(expiresAt)}. If it was not you, do nothing: your password stays as it is.`,
  ],
});
