import { execFileSync } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { type EventDefinition, eventsOf, OrderPaid, registry } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { check, record } from "./catalogue.ts";
import { definitions } from "./contract.ts";
import { command } from "./test/command.ts";
import { committedFolder, edit, withCopy } from "./test/folder.ts";

type Copy = Parameters<Parameters<typeof withCopy>[0]>[0];

/** Today's events, with a breach in one of them. */
const Paid = OrderPaid.schema.extend({ paidAt: z.iso.datetime() }).describe("Paid.");
const events = new Map<string, EventDefinition>(registry).set("order.paid", eventsOf("order")("order.paid", 1, Paid));
const broken = { ...definitions, events };
const breach = { message: "order.paid v1: data.paidAt: required field added" };

/** A copy of what is committed, in a repository of its own whose first revision is empty. */
async function withRepository(work: (copy: Copy, commit: () => void) => Promise<void>): Promise<void> {
  await withCopy(async (copy) => {
    const cwd = path.dirname(copy.contractFolder);
    const git = (...words: string[]) => execFileSync("git", words, { cwd, stdio: "pipe" });
    const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
    const commit = () => {
      git("add", ".");
      git(...author, "commit", "--allow-empty", "--message", "change");
    };
    git("init", "--quiet");
    git(...author, "commit", "--allow-empty", "--message", "begin");
    commit();
    await work(copy, commit);
  });
}

describe("the contract of a revision is kept", () => {
  test("whatever has been recorded since", async () => {
    await withRepository(async (copy, commit) => {
      const changed = { ...copy, definitions: broken };
      await rm(path.join(copy.contractFolder, "order.paid"), { recursive: true });
      expect((await record(changed)).faults).toEqual([]);
      expect((await check(changed)).faults).toEqual([]);
      expect((await check({ ...changed, against: ["HEAD"] })).faults).toMatchObject([breach]);
      commit();
      expect((await check({ ...changed, against: ["HEAD"] })).faults).toEqual([]);
      expect((await check({ ...changed, against: ["HEAD~1"] })).faults).toMatchObject([breach]);
    });
  });

  test("and what breaks that of the folder too is told once", async () => {
    await withRepository(async (copy) => {
      const { faults } = await check({ ...copy, definitions: broken });
      expect(faults[0]).toMatchObject(breach);
      expect((await check({ ...copy, definitions: broken, against: ["HEAD"] })).faults).toEqual(faults);
    });
  });

  test.each([
    ["that does not exist", "nowhere"],
    ["that is none", ""],
    ["that looks like an option", "--all"],
    ["that has no contract", "HEAD~1"],
  ])("but not of one %s", async (_, against) => {
    await withRepository(async (copy) => {
      const told = `the contract in ${copy.contractFolder} can't be read as of the Git revision "${against}" (fatal: `;
      await expect(check({ ...copy, definitions, against: [against] })).rejects.toThrow(told);
    });
  });
});

describe("the command", () => {
  const failureOf = (...words: string[]) => command(...words).catch((error) => error);

  test("fails when the code does not keep the contract of a revision", async () => {
    await withRepository(async ({ contractFolder, docsFolder }, commit) => {
      await edit(contractFolder, "order.paid/v1.schema.json", (schema) => {
        Object.assign(schema.properties as object, { paidAt: { type: "string" } });
      });
      commit();
      await rm(contractFolder, { recursive: true });
      const folders = ["--contract", contractFolder, "--docs", docsFolder];
      const removed = "order.paid v1: data.paidAt: field removed\n";
      // What the last commit holds can't be recorded anew, nor passed by.
      expect((await failureOf(...folders)).stderr).toContain(removed);
      await cp(committedFolder, contractFolder, { recursive: true });
      expect((await failureOf("--check", ...folders)).stderr).toContain(removed);
      commit();
      expect((await command("--check", ...folders)).stdout).toContain("contract kept");
      const failure = await failureOf("--check", ...folders, "--against", "HEAD~1");
      expect(failure).toMatchObject({ code: 1, stdout: "" });
      expect(failure.stderr).toContain(removed);
    });
  });

  test("says which revision it can't read, and what to do", async () => {
    expect(await failureOf("--check", "--against", "nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^the contract in .* as of the Git revision "nowhere" \(fatal: .*\): name one that has it, such as origin\/main\n$/,
      ),
    });
  });

  test("that records does not compare with a revision", async () => {
    const failure = await failureOf("--against", "HEAD");
    expect(failure).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("use npm run events:check -- --against"),
    });
  });
});
