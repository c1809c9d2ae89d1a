import { z } from 'zod';
import { Problem, titleOf } from '../../platform/http/problem.ts';
import { type AnyRoute, type RouteRequest, route } from '../../platform/http/route.ts';
import { HTML_HEADERS, indexPage, pageOf } from './page.ts';
import { PROBLEMS, type ProblemDescription } from './registry.ts';

const DESCRIPTIONS: Readonly<Record<string, ProblemDescription>> = PROBLEMS;

const ProblemView = z
  .object({
    type: z.string().meta({ description: 'as in the problem document' }),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    meaning: z.string(),
    action: z.string().meta({ description: 'what a client should do' }),
  })
  .meta({ id: 'ProblemDescription', examples: [viewOf('OrderNotFound', PROBLEMS.OrderNotFound)] });

function viewOf(code: string, { status, meaning, action }: ProblemDescription) {
  return { type: `/problems/${code}`, title: titleOf(code), status, code, meaning, action };
}

/** A page if the client prefers one, such as a browser, otherwise JSON. */
const inEither = ({ accepts }: Pick<RouteRequest, 'accepts'>, { html, json }: { html: () => string; json: unknown }) =>
  accepts('application/json', 'text/html') === 'text/html'
    ? { status: 200, body: html(), headers: HTML_HEADERS }
    : { status: 200, body: json };

/** What each problem means: the `type` of a problem document leads here (RFC 9457 section 3.1.1). */
export const problemRoutes: AnyRoute[] = [
  route({
    method: 'get',
    path: '/problems',
    operationId: 'listProblems',
    summary: 'Read what the problems of this API mean, as JSON or as a page',
    tag: 'documentation',
    access: 'public',
    responses: {
      200: { description: 'All problems', body: z.object({ items: z.array(ProblemView) }), mediaType: 'text/html' },
    },
    async handle(request) {
      const items = Object.entries(DESCRIPTIONS).map(([code, description]) => viewOf(code, description));
      return inEither(request, { html: () => indexPage(DESCRIPTIONS), json: { items } });
    },
  }),

  route({
    method: 'get',
    path: '/problems/:code',
    operationId: 'readProblem',
    summary: 'Read what a problem means, as JSON or as a page',
    tag: 'documentation',
    access: 'public',
    params: z.object({ code: z.string().meta({ override: { enum: Object.keys(PROBLEMS) } }) }),
    responses: { 200: { description: 'The problem', body: ProblemView, mediaType: 'text/html' } },
    problems: { 404: ['NotFound'] },
    async handle(request) {
      const { code } = request.params;
      const description = Object.hasOwn(DESCRIPTIONS, code) ? DESCRIPTIONS[code] : undefined;
      if (!description) throw new Problem(404, 'NotFound', 'there is no problem with this code');
      return inEither(request, { html: () => pageOf(code, description), json: viewOf(code, description) });
    },
  }),
];
