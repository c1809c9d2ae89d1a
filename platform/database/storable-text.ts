/**
 * Text from outside, such as an error message or an HTTP response, in a form that PostgreSQL can store. It accepts
 * neither NUL nor, in JSON, half a surrogate pair, and the statement that stores the text would fail at every retry.
 * To cut the text, cut it first: a cut may split a pair.
 */
export const storableText = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();
