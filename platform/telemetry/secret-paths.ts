/** A secret of ours: two letters that say what it is for, and 256 random bits in base64url. */
const SECRET = /\b[a-z]{2}_[\w-]{43}(?![\w-])/g;

/**
 * The attributes of a request's span whose path has a secret, such as the token of a link in an e-mail: anybody who reads
 * traces must not be able to use it.
 */
export function withoutSecrets(url = ''): { 'url.path'?: string } {
  const [path = ''] = url.split('?');
  const shown = path.replaceAll(SECRET, '[secret]');
  return shown === path ? {} : { 'url.path': shown };
}
