/**
 * For a program that must not get this process's settings: where programs are, and where Node keeps compiled code, with
 * which a program needs a third less CPU to start (`test/run.ts` sets it).
 */
export const bareEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
});
