import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import type { OrderRequests } from '../../activities/order.ts';
import { ListedParcel, ParcelAction, ParcelStatus } from '../../activities/parcel.ts';
import { text } from '../../activities/text.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { resolveParcelUpdate, splitUpdate } from '../../workflows/order/change-messages.ts';
import { MUG } from '../openapi/examples.ts';
import { linksTo, orderLinks } from '../openapi/links.ts';
import { changeOrder } from '../orders/changes.ts';
import { sumLines } from '../orders/lines.ts';
import { OrderPath } from '../orders/own-order.ts';
import { parcelFields, parcelViewOf } from '../orders/parcel-view.ts';
import { OrderView, viewOf } from '../orders/view.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { idOr404 } from '../path-ids.ts';
import { flag } from '../query-flag.ts';
import type { Workflows } from '../upstream/workflow-client.ts';

/** What the warehouse and the people who look after parcels do. */
export const parcelRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  splitOrder(orders, workflows),
  listParcels(orders),
  resolveParcel(orders, workflows),
];

const Division = z
  .strictObject({
    parcels: z
      .array(z.strictObject({ lines: z.array(StockLine).min(1).max(2000) }))
      .min(1)
      .max(20),
  })
  .meta({
    id: 'OrderDivision',
    examples: [{ parcels: [{ lines: [{ sku: MUG.sku, quantity: 2 }] }, { lines: [{ sku: MUG.sku, quantity: 4 }] }] }],
  });

function splitOrder(orders: OrderRequests, workflows: Workflows): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/admin/orders/:orderId/parcels',
    operationId: 'splitOrder',
    summary: 'Divide what has not left of an order into these parcels',
    tag: 'parcels',
    access: 'staff',
    staff: ['fulfilment'],
    idempotent: true,
    params: OrderPath,
    body: Division,
    responses: { 200: { description: 'The order with its parcels', body: OrderView, links: orderLinks('/id') } },
    problems: {
      404: ['OrderNotFound'],
      409: ['TooLateToChange', 'NotChangeableNow', 'LinesDiffer', 'TooMany'],
    },
    async handle(request) {
      const orderId = idOr404(request.params.orderId, 'OrderNotFound');
      const parcels = request.body.parcels.map(({ lines }, at) => ({
        lines: sumLines(lines, undefined, `/parcels/${at}/lines`),
      }));
      const order = await changeOrder(
        { orders, workflows },
        { orderId, change: { update: splitUpdate, request: { parcels } }, request },
      );
      return { status: 200, body: viewOf(order, request.caller!) };
    },
  });
}

const { parcel: _parcel, decided, ...ofItsOrder } = ListedParcel.shape;
const ListedParcelView = z
  .object({
    ...parcelFields,
    ...ofItsOrder,
    late: ofItsOrder.late.meta({
      description: 'it was not delivered when it was promised, and staff has decided nothing about it',
    }),
    decided: decided
      .unwrap()
      .optional()
      .meta({ description: 'what staff decided last, and the id of who did; absent if nothing' }),
  })
  .meta({
    id: 'ListedParcel',
    examples: [
      {
        id: '0b7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
        status: 'lost',
        lines: [{ sku: MUG.sku, quantity: 2 }],
        trackingNumber: 'SB-1042',
        promisedBy: '2026-01-08T18:00:00.000Z',
        orderId: '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c',
        orderNumber: '10042',
        customerId: '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11',
        late: false,
        decided: { action: 'wait', note: 'the carrier searches', by: '4c7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c' },
      },
    ],
  });

const listedViewOf = ({ parcel, decided: decision, ...rest }: ListedParcel): z.infer<typeof ListedParcelView> => ({
  ...parcelViewOf(parcel),
  ...rest,
  ...(decision && { decided: decision }),
});

const linksOf = (at: string) => ({
  ...linksTo(['resolveParcel'], { parcelId: `$response.body#${at}/id` }),
  ...linksTo(['readOrder', 'readHistory'], { orderId: `$response.body#${at}/orderId` }),
});

function listParcels(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/admin/parcels',
    operationId: 'listParcels',
    summary: 'List the parcels of all orders, newest first',
    tag: 'parcels',
    access: 'staff',
    staff: ['fulfilment'],
    scopes: ['orders:read'],
    query: z.strictObject({
      late: flag('true: only those that are late; false: only those that are not').optional(),
      status: ParcelStatus.optional(),
      ...pageQuery,
    }),
    responses: {
      200: { description: 'A page of parcels', body: listOf(ListedParcelView), links: linksOf('/items/0') },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { cursor, limit, ...filter } }) {
      const page = await orders.listParcels({ ...filter, after: cursor, limit });
      const next = nextPage('/v1/admin/parcels', page.next, { limit, ...filter });
      return { status: 200, body: { items: page.items.map(listedViewOf), next } };
    },
  });
}

const Decision = z
  .strictObject({
    action: ParcelAction.meta({
      description: '`resend`: the same pieces again; `refund`: give their price back; `wait`: the carrier may find it',
    }),
    note: text(1000),
  })
  .meta({ id: 'ParcelDecision', examples: [{ action: 'resend', note: 'the carrier has lost it' }] });

function resolveParcel(orders: OrderRequests, workflows: Workflows): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/admin/parcels/:parcelId/resolve',
    operationId: 'resolveParcel',
    summary: 'Decide about a parcel that is lost or was returned to its sender',
    tag: 'parcels',
    access: 'staff',
    staff: ['fulfilment'],
    idempotent: true,
    params: z.object({ parcelId: z.string() }),
    body: Decision,
    responses: {
      202: { description: 'Decided; what follows is under way', body: ListedParcelView, links: linksOf('') },
    },
    problems: { 404: ['ParcelNotFound'], 409: ['NothingToResolve', 'OutOfStock', 'NotChangeableNow'] },
    async handle(request) {
      const parcelId = idOr404(request.params.parcelId, 'ParcelNotFound');
      const { orderId } = await orders.getParcel({ parcelId });
      const decision = { ...request.body, parcelId, resolvedBy: request.caller!.id };
      await changeOrder(
        { orders, workflows },
        {
          orderId,
          change: { update: resolveParcelUpdate, request: decision },
          request,
          tooLate: 'NothingToResolve',
        },
      );
      return { status: 202, body: listedViewOf(await orders.getParcel({ parcelId })) };
    },
  });
}
