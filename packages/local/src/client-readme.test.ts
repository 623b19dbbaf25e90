/** What the client's README says happens, in the order in which it says so, against the whole system. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readmeProgram } from "../../client/src/test/readme.ts";
import { type System, startSystem } from "./test/system.ts";

let system: System;
let folder: string;
beforeAll(async () => {
  system = await startSystem();
  folder = mkdtempSync(join(tmpdir(), "cartwright-readme-"));
});
afterAll(async () => {
  await system.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the client's README does what it says", async () => {
  const printed: string[] = [];
  const kept = new Map<string, string>();
  const surroundings = {
    console: { log: (...told: unknown[]) => printed.push(...format(...told).split("\n")) },
    askForCode: async () => system.local.mailbox("kim@example.com").at(-1),
    localStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    },
  };
  const { source, expected } = readmeProgram(Object.keys(surroundings));
  const { run } = await load(source.replaceAll("http://127.0.0.1:4000", system.local.apiUrl));
  await run(surroundings);
  expect(printed).toEqual(expected);
  expect(expected.length).toBeGreaterThan(15);
});

async function load(source: string): Promise<{ run(surroundings: unknown): Promise<void> }> {
  const outfile = join(folder, "readme.mjs");
  const stdin = { contents: source, loader: "ts" as const, resolveDir: import.meta.dirname };
  await build({ stdin, outfile, bundle: true, format: "esm", platform: "node" });
  return import(/* @vite-ignore */ pathToFileURL(outfile).href);
}
