import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { distil } from "./distil.ts";
import { exampleGraph } from "./example-graph.ts";
import { handlerFaults } from "./handler.ts";

const example = distil(exampleGraph()).functions.Worker!;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "handler-"));
});
afterEach(() => rm(root, { recursive: true }));

const faultsOf = (handlers: Record<string, string>) =>
  handlerFaults(
    root,
    Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, { ...example, handler }])),
  );

test("a handler may be exported where it is, or passed on from another file", async () => {
  await writeFile(path.join(root, "own.ts"), "export const handler = async (): Promise<void> => {};");
  await writeFile(path.join(root, "passed.ts"), 'import "not-installed"; export * from "./own.ts";');
  expect(await faultsOf({ Own: "own.handler", Passed: "passed.handler" })).toEqual([]);
});

test("a missing file is told once, with every function that needs it", async () => {
  expect(await faultsOf({ One: "saga/gone.handler", Two: "saga/gone.handler" })).toEqual([
    "One, Two: saga/gone.ts does not exist",
  ]);
});

test("a file that is no TypeScript is told with its error", async () => {
  await writeFile(path.join(root, "torn.ts"), "export const handler = (");
  expect(await faultsOf({ Torn: "torn.handler" })).toEqual([
    expect.stringMatching(/^Torn: torn\.ts can't be bundled: .*Unexpected end of file/s),
  ]);
});

test("a missing export is told, with those that there are", async () => {
  await writeFile(path.join(root, "saga.ts"), "export const reserve = 1; export const release = 2;");
  expect(await faultsOf({ Commit: "saga.commit" })).toEqual(["Commit: saga.ts exports release, reserve, not commit"]);
});
