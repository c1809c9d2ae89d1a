import type { z } from 'zod';
import { recommendationRequests } from '../../activities/recommendation.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import type { RecommendationDatabase } from './database.ts';
import { createRecommendationRequests } from './requests.ts';
import { orders } from './subscription.ts';

/** Recommends products that are bought together. */
export const recommendation: Service = defineService<RecommendationDatabase, z.ZodRawShape>(REGISTRY, {
  name: 'recommendation',
  settings: {},
  create: ({ db }) => ({
    subscriptions: [orders],
    requests: { operations: recommendationRequests, implementation: createRecommendationRequests(db) },
  }),
});
