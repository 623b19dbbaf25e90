import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import * as z from "zod";
import { runNode } from "./child.ts";
import { TopologyError } from "./fail.ts";
import { Build, Graph, unknownMarker } from "./graph.ts";
import type { Platform } from "./prepare.ts";
import type { Recording, Settings } from "./recorder.ts";
import { type RpcCall, serveRpc, unbuilt } from "./rpc.ts";

export interface Evaluation {
  root: string;
  platform: Platform;
  stage: string;
  region: string;
  /** What the stacks read from the environment: the values of secrets, as `SST_SECRET_<name>`, and the like. */
  environment?: Record<string, string>;
}

export const evaluationAccount = "123456789012";

const App = z.looseObject({
  name: z.string(),
  removal: z.string().default("retain"),
  protect: z.boolean().default(false),
  providers: z.looseObject({ aws: z.looseObject({ region: z.string(), version: z.string() }) }),
});
type App = z.infer<typeof App> & { stage: string };

/** Several may go on in one process. */
let evaluations = 0;

/** Evaluates `sst.config.ts` against the real components, with mocks where AWS would be: about 5 seconds. */
export async function evaluate(evaluation: Evaluation): Promise<Graph> {
  const unique = `${process.pid}-${evaluations++}`;
  const work = path.join(evaluation.root, ".sst/topology", unique);
  const programs = path.join(evaluation.platform.directory, `.topology-${unique}`);
  await mkdir(path.join(work, "empty"), { recursive: true });
  await mkdir(programs, { recursive: true });
  try {
    const app = await evaluateApp(evaluation, programs);
    assertProviderVersion(evaluation.platform, app);
    return await record(evaluation, app, programs, work);
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(programs, { recursive: true, force: true });
  }
}

/** SST's first step: the config's `app`, which may differ by stage. */
async function evaluateApp({ root, stage, region, environment }: Evaluation, programs: string): Promise<App> {
  const program = path.join(programs, "app.mjs");
  await bundle({
    outfile: program,
    banner: { js: `${commonJsGlobals}function $config(config){return config}` },
    stdin: {
      contents: `
        import config from "./sst.config.ts";
        process.stdout.write(JSON.stringify(await config.app({ stage: ${JSON.stringify(stage)} })));`,
      resolveDir: root,
      loader: "ts",
    },
  });
  const { code, stdout, stderr } = await run([program], { ...environment, AWS_REGION: region });
  if (code !== 0) throw new TopologyError(`app() in sst.config.ts failed:\n${stderr.trim()}`);
  return { ...App.parse(JSON.parse(stdout)), stage };
}

function assertProviderVersion(platform: Platform, app: App): void {
  const locked = platform.providers.find(({ name }) => name === "aws")?.version;
  const { version } = app.providers.aws;
  if (locked !== version) {
    throw new TopologyError(
      `sst.config.ts asks for version ${version} of the aws provider, .sst/provider-lock.json has ${locked ?? "none"}: ` +
        "remove .sst/platform to have it prepared anew",
    );
  }
}

/** SST's second step: `run`, in a process where Pulumi records instead of deploying. */
async function record(evaluation: Evaluation, app: App, programs: string, work: string) {
  const { root, platform, stage, region, environment } = evaluation;
  const program = path.join(programs, "run.mjs");
  const recorder = path.join(programs, "recorder.mjs");
  await bundleRun(root, platform, app, work, program);
  await bundleRecorder(recorder);

  const builds: Record<string, Build> = {};
  const rpc = await serveRpc((call) => answerTo(call, builds, path.join(work, "empty")));
  const output = path.join(work, "recording.json");
  const settings: Settings = { app: app.name, stage, region, account: evaluationAccount, output, unknownMarker };
  const { stdout, stderr } = await run([recorder, program, JSON.stringify(settings)], {
    ...environment,
    AWS_REGION: region,
    SST_SERVER: rpc.url,
  }).finally(() => rpc.close());

  if (!existsSync(output)) throw new TopologyError(`the stacks could not be evaluated:\n${stderr.trim()}`);
  const { errors, ...recording } = JSON.parse(await readFile(output, "utf8")) as Recording;
  if (errors.length > 0) {
    throw new TopologyError(`the stacks could not be evaluated:\n${errors.map((error) => `- ${error}`).join("\n")}`);
  }
  if (stdout.trim() || stderr.trim()) process.stderr.write(`${stdout}${stderr}`);
  return Graph.parse({ ...recording, builds });
}

const commonJsGlobals = [
  'import { createRequire as topologyCreateRequire } from "node:module";',
  'import { fileURLToPath as topologyFileUrlToPath } from "node:url";',
  "const require = topologyCreateRequire(import.meta.url);",
  "const __filename = topologyFileUrlToPath(import.meta.url);",
  'const __dirname = topologyFileUrlToPath(new URL(".", import.meta.url));',
].join("");

const bundling = {
  bundle: true,
  format: "esm",
  platform: "node",
  mainFields: ["module", "main"],
  logLevel: "silent",
  sourcemap: "linked",
  // What SST itself leaves to the platform's node_modules.
  external: [
    "@pulumi/*",
    "@pulumiverse/*",
    "@sst-provider/*",
    "@aws-sdk/*",
    "archiver",
    "esbuild",
    "glob",
    "undici",
    "vite",
  ],
} satisfies esbuild.BuildOptions;

/** The program that evaluates stacks over mocks, in one file. */
export async function bundleRecorder(outfile: string): Promise<void> {
  await bundle({ entryPoints: [fileURLToPath(new URL("./recorder.ts", import.meta.url))], outfile });
}

export async function bundle(options: esbuild.BuildOptions): Promise<void> {
  try {
    await esbuild.build({ ...bundling, ...options });
  } catch (error) {
    throw new TopologyError(`the stacks could not be bundled:\n${error instanceof Error ? error.message : error}`);
  }
}

/** Bundles as SST does: its globals injected, providers and components in reach of every file of the stacks. */
async function bundleRun(root: string, platform: Platform, app: App, work: string, outfile: string): Promise<void> {
  const components = path.join(platform.directory, "src/components");
  const globals = [
    ...platform.providers.map((provider) => `import * as ${provider.alias} from "${provider.package}";`),
    `import * as sst from ${JSON.stringify(components)};`,
  ].join("");
  const sst = path.join(root, ".sst");
  const cli = {
    command: "deploy",
    dev: false,
    paths: { home: work, root, work, platform: platform.directory },
    state: { version: {} },
  };
  await bundle({
    outfile,
    banner: { js: commonJsGlobals },
    inject: [path.join(platform.directory, "src/shim/run.js")],
    define: { $app: JSON.stringify(app), $cli: JSON.stringify(cli), $dev: "false" },
    nodePaths: [path.join(platform.directory, "node_modules")],
    stdin: {
      contents: `
        import { run } from ${JSON.stringify(path.join(platform.directory, "src/auto/run.ts"))};
        import config from "./sst.config.ts";
        export default await run(config.run);`,
      resolveDir: root,
      loader: "ts",
    },
    plugins: [
      {
        name: "globals",
        setup: (build) =>
          build.onLoad({ filter: /\.(js|ts|jsx|tsx)$/ }, async ({ path: file }) => {
            if (file.startsWith(sst + path.sep)) return undefined;
            return { contents: `${globals}\n${await readFile(file, "utf8")}`, loader: "default" };
          }),
      },
    ],
  });
}

/** A function is built into an empty folder, its handler and links noted. */
function answerTo({ method, params }: RpcCall, builds: Record<string, Build>, emptyFolder: string) {
  const answers: Record<string, () => unknown> = {
    "Provider.Aws.Bootstrap": () => {
      return { asset: "asset", assetEcrRegistryId: evaluationAccount, assetEcrUrl: "", state: "state" };
    },
    "Runtime.Build": () => {
      const build = Build.parse(params[0]);
      builds[build.functionID] = build;
      return unbuilt(build.handler, emptyFolder);
    },
  };
  const answer = answers[method];
  if (answer) return { result: answer(), error: null };
  return { result: null, error: `${method} has no answer in packages/topology/src/evaluate.ts: add it` };
}

function run(args: string[], environment: Record<string, string>) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TZ: "UTC", ...environment };
  return runNode(["--enable-source-maps", "--no-warnings", ...args], { env });
}
