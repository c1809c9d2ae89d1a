import type { Template } from './layout.ts';

export const welcome: Template<unknown> = () => ({
  subject: 'Welcome',
  paragraphs: [
    'Your account is ready. Sign in with this e-mail address and the password you chose.',
    'If you did not sign up, you do not need to do anything: nobody can use the account without the password.',
  ],
});
