/** Whether an error's code is OpenSSL's for a certificate that this process does not accept (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
export const isUntrusted = (code: string): boolean =>
  /CERT|^UNABLE_TO_|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$/.test(code);
