/** Problems of the request itself. It had no effect, and fails again until it is changed. */
export const ABOUT_REQUESTS = {
  InvalidRequest: {
    status: 400,
    meaning: 'A field, a query parameter or the path does not fit the schema of the operation. It had no effect.',
    action: 'Correct what `errors` points at, and send the request again. The same Idempotency-Key may be used.',
  },
  MalformedJson: {
    status: 400,
    meaning: 'The request body is not a JSON object in UTF-8, or an object in it has two fields with the same name.',
    action: 'Send one JSON object whose field names are unique.',
  },
  MalformedRequest: {
    status: 400,
    meaning: 'What arrived is not an HTTP request.',
    action: 'Check the client or the proxy that wrote it. The connection is closed.',
  },
  RepeatedHeader: {
    status: 400,
    meaning: 'A header that has one value occurs more than once, so that it is unclear which value counts.',
    action: 'Send the header that `detail` names once.',
  },
  InvalidIdempotencyKey: {
    status: 400,
    meaning: 'The Idempotency-Key is empty, longer than 255 characters, or has characters that are not visible ASCII.',
    action: 'Use a new UUID as the key.',
  },
  BadCursor: {
    status: 400,
    meaning: 'The cursor was not issued by this list.',
    action: 'Take the path in `next` of the previous page unchanged, or start again without a cursor.',
  },
  UrlNotAllowed: {
    status: 400,
    meaning: 'Webhooks cannot be sent to this URL: it is no https URL, or its host is not on the public Internet.',
    action: 'Register an https URL, without a password and a fragment, at a public address.',
  },
  NotFound: {
    status: 404,
    meaning: 'The API has no resource at this path.',
    action: 'Check the path against the documentation at /docs.',
  },
  MethodNotAllowed: {
    status: 405,
    meaning: 'The path exists, but not with this method.',
    action: 'Use one of the methods in the Allow header.',
  },
  RequestTimeout: {
    status: 408,
    meaning: 'The request did not arrive completely in time. The connection is closed.',
    action: 'Send it again on a new connection.',
  },
  BodyTooLarge: {
    status: 413,
    meaning: 'The request body is larger than the operation accepts, after decompression.',
    action: 'Send a smaller body. `detail` has the limit.',
  },
  UnsupportedMediaType: {
    status: 415,
    meaning: 'The body has another Content-Type, charset or Content-Encoding than the operation accepts.',
    action: 'Send what `detail` names, in UTF-8.',
  },
  IdempotencyKeyReused: {
    status: 422,
    meaning: 'Another request was sent with this Idempotency-Key before. This one had no effect.',
    action: 'Send it with a new key, unless it was meant to repeat the first request: then send that one unchanged.',
  },
  IdempotencyKeyRequired: {
    status: 428,
    meaning: 'The operation has an effect that must not happen twice, and the request has no Idempotency-Key.',
    action: 'Send a new UUID as Idempotency-Key, and the same one with every repeat of this request.',
  },
  IfMatchRequired: {
    status: 428,
    meaning: 'The change must say which version of the resource it is based on, and the request has no If-Match.',
    action: 'Read the resource and send its ETag as If-Match, or `*` to change whatever version there is.',
  },
  HeadersTooLarge: {
    status: 431,
    meaning: 'The headers of the request are larger than 16 KiB together. The connection is closed.',
    action: 'Send fewer or shorter headers, for example a shorter token.',
  },
} as const;
