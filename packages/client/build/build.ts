/**
 * The package as front ends get it. Its folder has a package.json of its own, since inside this repository the client is
 * used from its sources, without a build.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const client = join(root, "packages/client");

const bundling: BuildOptions = {
  entryPoints: [join(client, "src/index.ts")],
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
};

/** Replaces the folder. */
export async function buildPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({ ...bundling, outfile: join(folder, "index.js") });
  declareTypes(folder);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  copyFileSync(join(client, "README.md"), join(folder, "README.md"));
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
}

/** How many bytes of it a browser loads, as servers send them. */
export async function measure(): Promise<number> {
  const { outputFiles } = await build({ ...bundling, minify: true, write: false });
  return gzipSync(outputFiles![0]!.contents).length;
}

/** Against the types of browsers alone, so that nothing of Node's gets in. */
function declareTypes(outDir: string): void {
  const tsc = join(root, "node_modules/.bin/tsc");
  execFileSync(tsc, ["-p", join(client, "build/tsconfig.json"), "--outDir", outDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function manifest() {
  const { name, version, license } = JSON.parse(readFileSync(join(client, "package.json"), "utf8")) as Manifest;
  return {
    ...{
      name,
      version,
      description: "The typed API of a Cartwright shop",
      license,
      type: "module",
      sideEffects: false,
    },
    ...{ exports: { ".": { types: "./index.d.ts", default: "./index.js" } }, types: "./index.d.ts" },
    ...{ files: ["*.js", "*.d.ts"], engines: { node: ">=20" } },
  };
}

type Manifest = Record<"name" | "version" | "license", string>;
