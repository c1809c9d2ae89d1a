import type { Links } from '../../platform/http/route.ts';

/** Links to operations that take the same parameters from a response: `{ orderId: '$response.body#/id' }`. */
export const linksTo = (operationIds: readonly string[], parameters: Record<string, string>): Links =>
  Object.fromEntries(operationIds.map((operationId) => [operationId, { parameters }]));

/** Links to the operations on a product whose SKU is at this JSON pointer of the response. */
export const productLinks = (pointer: string): Links =>
  linksTo(
    [
      'readProduct',
      'changeProduct',
      'recommendForProduct',
      'readStock',
      'adjustStock',
      'setCartLine',
      'removeCartLine',
    ],
    { sku: `$response.body#${pointer}` },
  );

/** Links to the operations on an order whose id is at this JSON pointer of the response. */
export const orderLinks = (pointer: string): Links =>
  linksTo(
    [
      'readOrder',
      'readHistory',
      'followOrder',
      'cancelOrder',
      'changeOrder',
      'namePaymentMethod',
      'askReturn',
      'listReturns',
    ],
    { orderId: `$response.body#${pointer}` },
  );
