/** What whoever is called reads: it has to be there, and true of what there is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { runCaptured } from "@cartwright/ops/test/run";
import { expect, test } from "vitest";
import { topology } from "./recorded.ts";

const folder = "docs/runbook";
const index = "README.md";
const files = readdirSync(folder).map((file) => `${folder}/${file}`);
const pages = files.filter((file) => !file.endsWith(index));
const guides = readdirSync("docs").flatMap((file) => (file.endsWith(".md") ? `docs/${file}` : []));
const everything = [...files, ...guides, "README.md", "CONTRIBUTING.md", "AGENTS.md"];
const textOf = (file: string) => readFileSync(file, "utf8");

const telling = Object.entries({ ...topology.alarms, ...topology.compositeAlarms }).filter(
  ([, { actions }]) => actions.length > 0,
);
const pageOf = (description = "") => / Runbook: (\S+\.md)$/.exec(description)?.[1];

test.each(telling)("%s sends to a page that is about it", (name, { description }) => {
  const page = pageOf(description);
  expect(pages).toContain(page);
  expect(textOf(page!)).toMatch(new RegExp(`\\b${name}\\b`));
});

test.each(pages)("%s is named by an alarm, is in the index, and has what a page has", (page) => {
  expect(telling.map(([, { description }]) => pageOf(description))).toContain(page);
  const name = path.basename(page);
  expect(textOf(`${folder}/${index}`)).toContain(`](${name})`);
  const headings = textOf(page).match(/^#+ .*$/gm);
  expect(headings).toEqual([
    `# ${path.basename(name, ".md")}`,
    "## What it means",
    "## What to look at",
    "## What to do",
  ]);
});

test("a graph that is named is on the dashboard", () => {
  const body = JSON.stringify(Object.values(topology.dashboards).map((dashboard) => dashboard.body));
  const named = [...pages, "docs/recovery.md", "docs/scaling.md"].flatMap((file) => {
    const withoutBold = textOf(file).replaceAll(/\*\*[^*]+\*\*|```[\s\S]*?```/g, "");
    return [...withoutBold.matchAll(/\*([^*\n]+)\*/g)].map(([, title]) => ({ file, title }));
  });
  expect(named).not.toEqual([]);
  expect(named.filter(({ title }) => !body.includes(JSON.stringify(title)))).toEqual([]);
});

test("a command that is written down exists, with the options that it is given", async () => {
  const commands = everything.flatMap((file) =>
    [...textOf(file).matchAll(/npm run ops -- ([^`#\n]+)/g)].map(([, words]) => ({ file, words: words!.trim() })),
  );
  expect(commands.length).toBeGreaterThan(100);
  const wrong = [];
  for (const { file, words } of commands.filter((command) => !/^(…|<command>|--)/.test(command.words))) {
    const [name = "", ...args] = words.replaceAll(/<[^>]+>/g, "x").split(/\s+/);
    const { printed, errors } = await runCaptured([name, ...args, "--help"], {});
    // An unknown command is answered with the list of all.
    if (!printed[0]?.startsWith(`npm run ops -- ${name}`)) wrong.push(`${file}: npm run ops -- ${words}: ${errors}`);
  }
  expect(wrong).toEqual([]);
});

test("a link leads to a file, and to a heading in it", () => {
  const broken = everything.flatMap((file) =>
    [...textOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(file, link))
      .map((link) => `${file}: ${link}`),
  );
  expect(broken).toEqual([]);
});

function leadsSomewhere(from: string, link: string): boolean {
  const [file, anchor] = link.split("#");
  const target = file ? path.join(path.dirname(from), file) : from;
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsIn(textOf(target)).includes(anchor);
}

/** As GitHub makes them. */
function anchorsIn(text: string): string[] {
  const headings = text.replaceAll(/```[\s\S]*?```/g, "").match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) => {
    const words = heading.replace(/^#+ /, "").toLowerCase();
    return words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
  });
}
