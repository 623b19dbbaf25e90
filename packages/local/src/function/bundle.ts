import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import * as esbuild from "esbuild";

export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** What a bundle takes from the function that evaluates it, instead of this process's own. */
export interface ModuleScope {
  require: NodeJS.Require;
  process: NodeJS.Process;
  globalThis: typeof globalThis;
  console: Console;
  Date: DateConstructor;
}

export interface Bundle {
  /** The handler's source. */
  sourcePath: string;
  /** Runs the module anew, as a cold start does. */
  evaluate(scope: ModuleScope): Record<string, unknown>;
}

const extensions = [".ts", ".mts", ".js", ".mjs"];

/** Heavy, and without state of ours: shared by all functions, so that each starts fast. */
const shared = ["@aws-sdk/*", "@smithy/*", "@aws/lambda-invoke-store", "electrodb", "zod"];

const scopeNames = ["exports", "require", "module", "process", "global", "globalThis", "console", "Date"] as const;

/**
 * Bundles handler files (paths below `root`, without extension) as SST does for Lambda. The bundles lie in
 * `outputFolder`, so that stack traces and debuggers find them. The answer is by handler file.
 */
export async function bundleHandlers(
  root: string,
  handlerFiles: string[],
  outputFolder: string,
): Promise<Map<string, Bundle>> {
  const sources = new Map(handlerFiles.map((file) => [file, findSource(root, file)]));
  fs.rmSync(outputFolder, { recursive: true, force: true });
  // Before the first bundle is loaded: Node reads a module's map only then.
  process.setSourceMapsEnabled(true);
  try {
    await esbuild.build({
      entryPoints: [...sources].map(([file, source]) => ({ in: source, out: file })),
      outdir: outputFolder,
      absWorkingDir: root,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      outExtension: { ".js": ".cjs" },
      external: shared,
      sourcemap: "linked",
      sourcesContent: false,
      keepNames: true,
      logLevel: "silent",
      // A function around the module gives each Lambda its own process and globals.
      banner: { js: `module.exports = function (${scopeNames.join(", ")}) {` },
      footer: { js: "};" },
    });
  } catch (cause) {
    const messages = (cause as esbuild.BuildFailure).errors ?? [];
    const lines = await esbuild.formatMessages(messages, { kind: "error" });
    throw new BundleError(`The handlers don't build:\n${lines.join("") || String(cause)}`, { cause });
  } finally {
    await esbuild.stop();
  }
  return new Map(
    [...sources].map(([file, sourcePath]) => [file, openBundle(sourcePath, path.join(outputFolder, `${file}.cjs`))]),
  );
}

function findSource(root: string, file: string): string {
  const source = extensions.map((extension) => path.join(root, file + extension)).find((name) => fs.existsSync(name));
  if (source) return source;
  throw new BundleError(`The handler file ${file}.ts doesn't exist below ${root}, though the topology names it.`);
}

function openBundle(sourcePath: string, bundlePath: string): Bundle {
  const load = createRequire(import.meta.url);
  delete load.cache[bundlePath];
  return {
    sourcePath,
    evaluate(scope) {
      const run = load(bundlePath) as (...values: unknown[]) => void;
      const module = { exports: {} as Record<string, unknown> };
      const values = { exports: module.exports, module, global: scope.globalThis, ...scope };
      run(...scopeNames.map((name) => values[name]));
      return module.exports;
    },
  };
}
