/** What front ends get: packed, installed into a folder of its own, compiled against and run there. */
import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPackage, measure } from "../build/build.ts";
import { readmeProgram } from "./test/readme.ts";
import { type Server, startServer } from "./test/server.ts";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let folder: string;
let server: Server;

beforeAll(async () => {
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "cartwright-client-"));
  await buildPackage(join(folder, "dist"));
  writeFileSync(join(folder, "package.json"), '{"private":true,"type":"module"}');
  const [packed] = JSON.parse(npm("pack", "./dist", "--json")) as { filename: string }[];
  npm("install", "--offline", "--no-audit", "--no-fund", `./${packed!.filename}`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

function npm(...command: string[]): string {
  return execFileSync("npm", command, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

test("it is small: less than ten kilobytes minified and gzipped, for browsers", async () => {
  expect(await measure()).toBeLessThan(10_240);
});

test("what is not used of it is left out", async () => {
  const contents = 'import { newKey } from "@cartwright/client"; console.log(newKey());';
  const { outputFiles } = await build({
    ...{ stdin: { contents, resolveDir: folder }, bundle: true, minify: true, format: "esm", write: false },
  });
  expect(outputFiles![0]!.contents.length).toBeLessThan(500);
});

test("it needs nothing else, and is one module with its types", () => {
  const installed = join(folder, "node_modules");
  expect(readdirSync(installed).filter((name) => !name.startsWith("."))).toEqual(["@cartwright"]);
  const manifest = JSON.parse(readFileSync(join(installed, "@cartwright/client/package.json"), "utf8"));
  expect(manifest).not.toHaveProperty("dependencies");
  const files = readdirSync(join(installed, "@cartwright/client"));
  expect(files).toEqual(expect.arrayContaining(["README.md", "LICENSE", "index.js", "index.d.ts", "api.d.ts"]));
  expect(files.filter((name) => /(?<!\.d)\.ts$|\.test\./.test(name))).toEqual([]);
});

test.each([
  ["bundlers", { module: "ESNext", moduleResolution: "Bundler", lib: ["ES2022", "DOM"] }],
  ["Node", { module: "NodeNext", moduleResolution: "NodeNext", lib: ["ES2022", "DOM"] }],
])("typical use and the README compile with what %s find, and mistakes don't", (_, options) => {
  copyFileSync(source("test/front-end/use.ts"), join(folder, "use.ts"));
  writeFileSync(join(folder, "readme.ts"), readmeProgram(["console", "askForCode", "localStorage"]).source);
  const compilerOptions = { ...options, target: "ES2022", strict: true, noEmit: true, types: [], skipLibCheck: false };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts", "readme.ts"] }));
  const tsc = source("../../../node_modules/.bin/tsc");
  expect(execFileSync(tsc, ["-p", "."], { cwd: folder, encoding: "utf8", stdio: "pipe" })).toBe("");
});

test("it runs in Node as it was installed", async () => {
  server.tell({ body: { items: [{ title: "Mug" }] } });
  const script = `
    import { createClient } from "@cartwright/client";
    for await (const { title } of createClient({ baseUrl: "${server.url}" }).products.all()) console.log(title);
  `;
  writeFileSync(join(folder, "run.mjs"), script);
  expect(await run("run.mjs")).toBe("Mug\n");
});

/** Not execFileSync: the server that is asked is in this process. */
async function run(script: string): Promise<string> {
  return (await promisify(execFile)(process.execPath, [script], { cwd: folder })).stdout;
}
