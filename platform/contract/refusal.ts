/** A service's deliberate "no", which is final and never retried. `code` is one that the operation's contract lists. */
export class Refusal<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Refusal';
    this.code = code;
  }
}

/** Creates refusals of one contract: codes that none of its operations lists do not compile. */
export const refusalFor =
  <Code extends string>() =>
  (code: Code, message: string): Refusal<Code> =>
    new Refusal(code, message);
