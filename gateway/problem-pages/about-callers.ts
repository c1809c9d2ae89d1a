/** Problems of who calls, and of how often. */
export const ABOUT_CALLERS = {
  Unauthorized: {
    status: 401,
    meaning: 'The operation needs an access token, and the request has none.',
    action: 'Sign in and send `Authorization: Bearer <token>`.',
  },
  InvalidToken: {
    status: 401,
    meaning: 'The access token is not valid: it has expired, its session has ended, or it was not issued for this API.',
    action: 'Renew the token with the refresh token, or sign in again. Then repeat the request.',
  },
  BadCredentials: {
    status: 401,
    meaning: 'The e-mail address or the password is wrong. The response is the same if there is no such account.',
    action: 'Correct them. Too many wrong attempts make every further one wait.',
  },
  SessionEnded: {
    status: 401,
    meaning:
      'The session has ended, or the refresh token was used before: then all its tokens are withdrawn. For a guest: the ' +
      'orders belong to an account now.',
    action: 'Sign in again. Use each refresh token once, and store the new one before you use it.',
  },
  InvalidEvent: {
    status: 400,
    meaning: 'The body of the callback is not an event of the card processor.',
    action: 'Send the event as the processor describes it.',
  },
  InvalidSignature: {
    status: 401,
    meaning: 'The signature of the callback is missing, wrong, or older than five minutes.',
    action: 'Sign exactly the bytes of the body, with the shared secret and the current time.',
  },
  Forbidden: {
    status: 403,
    meaning: 'The token is valid, but the operation is for staff, and the account has none of the roles that it needs.',
    action: 'Use an account with one of the roles that `detail` names, or have an admin give it to yours.',
  },
  AccountRequired: {
    status: 403,
    meaning: 'The access token is of a guest, and the operation needs an account.',
    action: 'Sign up or sign in. Guests have a cart, and place, read, cancel and return their own orders.',
  },
  RefundAboveLimit: {
    status: 403,
    meaning: 'The role `support` may refund less of one order, counting what it has refunded of it before.',
    action: 'Refund what is left, which `detail` says, or ask an admin.',
  },
  InsufficientScope: {
    status: 403,
    meaning: 'The API client has not all the scopes that the operation needs, or no API client may call it.',
    action: 'Request a token with these scopes, or have an admin create a client that has them.',
  },
  WrongPassword: {
    status: 403,
    meaning: 'The current password is wrong, so the password was not changed.',
    action: 'Send the correct current password.',
  },
  SignInElsewhere: {
    status: 403,
    meaning: 'People sign in at an external issuer, so this platform has no passwords and sessions of its own.',
    action: 'Sign in at the issuer that `detail` names, and send its access token.',
  },
  TooManyRequests: {
    status: 429,
    meaning:
      'The limit of requests per minute is used up. The RateLimit headers of every response show the rest of it.',
    action: 'Wait for the seconds in Retry-After, then repeat the request.',
  },
  TooManyAttempts: {
    status: 429,
    meaning: 'There were too many attempts with a wrong password for this account.',
    action: 'Wait for the seconds in Retry-After. Every further attempt before that is refused too.',
  },
  TooManyStreams: {
    status: 429,
    meaning: 'You have the largest number of open streams of order histories.',
    action: 'Close a stream, then open the new one after the seconds in Retry-After.',
  },
  InternalError: {
    status: 500,
    meaning: 'An unexpected error occurred in the platform. The request may have had its effect.',
    action: 'Repeat it with the same Idempotency-Key. If it fails again, report it with the `requestId`.',
  },
  Overloaded: {
    status: 503,
    meaning: 'More orders are waiting than can be carried out in time. This order was not placed.',
    action: 'Repeat the request with the same Idempotency-Key after the seconds in Retry-After.',
  },
  ServiceUnavailable: {
    status: 503,
    meaning: 'A part of the platform that the request needs does not respond. The request may have had its effect.',
    action: 'Repeat it with the same Idempotency-Key after the seconds in Retry-After.',
  },
  TemporalUnavailable: {
    status: 503,
    meaning: 'The workflow engine does not respond. The request may have had its effect.',
    action: 'Repeat it with the same Idempotency-Key after the seconds in Retry-After.',
  },
  IssuerUnavailable: {
    status: 503,
    meaning: 'The keys of the external issuer cannot be read, so that the token can be neither accepted nor refused.',
    action: 'Repeat the request after the seconds in Retry-After.',
  },
  NotReady: {
    status: 503,
    meaning: 'A server that this process depends on does not respond. It should get no requests now.',
    action: 'Ask again after the seconds in Retry-After.',
  },
} as const;
