/** The parts of the OpenAPI document that are used here. */
export interface OpenApiDocument {
  paths: Record<
    string,
    Record<
      string,
      { operationId: string; description?: string; responses: Record<string, { links?: Record<string, unknown> }> }
    >
  >;
}

/** Every operation, with its id and the name that schemathesis uses. */
export const operationsOf = ({ paths }: OpenApiDocument) =>
  Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, description = '', responses }]) => ({
      operationId,
      name: `${method.toUpperCase()} ${template}`,
      forCustomers: !description.startsWith('For staff'),
      // Some are for both: staff use them for the orders of others.
      forStaff: /staff with the role/i.test(description),
      responses,
    })),
  );

/** Every link of a response, named as by schemathesis, without its target: `POST /v1/orders -> [202] readOrder`. */
export const linksOf = (document: OpenApiDocument): string[] =>
  operationsOf(document).flatMap(({ name, responses }) =>
    Object.entries(responses).flatMap(([status, { links = {} }]) =>
      Object.keys(links).map((link) => `${name} -> [${status}] ${link}`),
    ),
  );
