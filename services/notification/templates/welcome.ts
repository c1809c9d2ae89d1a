import type { Template } from './layout.ts';

/** `hasPassword` is false for the users of an external issuer, and absent from older events. */
export const welcome: Template<{ hasPassword?: boolean }> = ({ hasPassword }) => ({
  subject: 'Welcome',
  paragraphs: [
    'Your account is ready.',
    ...(hasPassword
      ? [
          'Sign in with this e-mail address and the password you chose.',
          'If you did not sign up, you do not need to do anything: nobody can use the account without the password.',
        ]
      : []),
  ],
});
