/** The options that say how a shop's file is to be read. Every tool that reads one has them. */
export const SHOP_OPTIONS = {
  encoding: {
    type: 'string',
    value: 'NAME',
    help: "the file's encoding, such as windows-1252, unless a byte order mark says it (default: utf-8)",
  },
  currency: { type: 'string', value: 'CODE', help: 'the currency of its prices, by ISO 4217 (default: GBP)' },
} as const;
