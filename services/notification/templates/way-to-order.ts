import { timeInWords } from './time.ts';

/** How a guest reaches the order. Whoever has the mail can, so it says so. */
export const wayToOrder = ({ url, expiresAt }: { url: string; expiresAt: string }): string[] => [
  `Your order is here: ${url}`,
  `The link works until ${timeInWords(expiresAt)}. Whoever has it can see your orders and cancel them, so keep it to yourself. If you open an account with this e-mail address and confirm the address, your orders are there instead.`,
];
