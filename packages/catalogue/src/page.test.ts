import { readFileSync } from "node:fs";
import path from "node:path";
import { registry } from "@cartwright/events";
import { expect, test } from "vitest";
import { committedDocs } from "./test/folder.ts";

const page = readFileSync(path.join(committedDocs, "README.md"), "utf8");

test("the table of contents names every event, and each link leads to its heading", () => {
  const links = [...page.matchAll(/^\| \[`([^`]+)`\]\(#([^)]+)\)/gm)].map(([, name, anchor]) => ({ name, anchor }));
  expect(links.map(({ name }) => name).toSorted()).toEqual([...registry.keys()].toSorted());
  // GitHub drops what is neither letter, digit, space nor hyphen.
  const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!.replace(/[^a-z0-9-]/g, ""));
  for (const { name, anchor } of links) expect(headings, name).toContain(anchor);
});

test("every table has as many cells in each row as in its head", () => {
  const tables = page.match(/(?:^\|.*\n)+/gm) ?? [];
  expect(tables.length).toBeGreaterThan(registry.size);
  const cells = (line: string) => line.replaceAll("\\|", "").split("|").length;
  for (const table of tables) {
    const [head, ...rows] = table.trimEnd().split("\n");
    for (const row of rows) expect(cells(row), row).toBe(cells(head!));
  }
});

test("a version that is history is told of, beside the one it arrives as", () => {
  expect(page).toContain("<summary>Version 1, which consumers see as version 2</summary>");
});
