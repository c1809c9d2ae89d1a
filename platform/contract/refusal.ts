/** A service's considered "no". Never retried; `code` is one of the codes its contract lists. */
export class Refusal<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Refusal';
    this.code = code;
  }
}

/** Makes refusals of one contract: a code that no operation of it lists does not compile. */
export const refusalFor =
  <Code extends string>() =>
  (code: Code, message: string): Refusal<Code> =>
    new Refusal(code, message);
