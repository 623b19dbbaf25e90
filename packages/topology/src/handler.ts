import { existsSync } from "node:fs";
import path from "node:path";
import esbuild from "esbuild";
import type { Topology } from "./model.ts";

/** What is wrong with the handlers that the stacks name, one line each: a file missing, or one that lacks the export. */
export async function handlerFaults(root: string, functions: Topology["functions"]): Promise<string[]> {
  const users = new Map<string, string[]>();
  for (const [name, { handler }] of Object.entries(functions)) {
    users.set(handler, [...(users.get(handler) ?? []), name]);
  }
  const modules = new Map<string, Promise<Module>>();
  const faults = [...users].map(async ([handler, names]) => {
    const { dir, name, ext } = path.parse(handler);
    const file = path.join(dir, `${name}.ts`);
    const module = modules.get(file) ?? load(path.join(root, file));
    modules.set(file, module);
    const fault = faultOf(file, await module, ext.slice(1));
    return fault ? [`${names.join(", ")}: ${fault}`] : [];
  });
  return (await Promise.all(faults)).flat();
}

interface Module {
  exports: string[];
  problem?: string;
}

function faultOf(file: string, { exports, problem }: Module, wanted: string): string | undefined {
  if (problem) return `${file} ${problem}`;
  if (exports.includes(wanted)) return undefined;
  return `${file} exports ${exports.join(", ") || "nothing"}, not ${wanted}`;
}

async function load(file: string): Promise<Module> {
  if (!existsSync(file)) return { exports: [], problem: "does not exist" };
  try {
    const { metafile } = await esbuild.build({
      entryPoints: [file],
      bundle: true,
      // Bundled, so that `export *` is followed; packages stay out, so that it is quick.
      packages: "external",
      format: "esm",
      platform: "node",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    return { exports: Object.values(metafile.outputs).flatMap((output) => output.exports) };
  } catch (error) {
    return { exports: [], problem: `can't be bundled: ${error instanceof Error ? error.message : error}` };
  }
}
