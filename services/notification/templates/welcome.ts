import type { Template } from './letter.ts';

export const welcome: Template<unknown> = () => ({
  subject: 'Welcome',
  paragraphs: [
    'Your account is ready. Sign in with this e-mail address and the password you chose.',
    'If it was not you who signed up, you need not do anything: without the password nobody can use the account.',
  ],
});
