import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faultsOf } from "../.ci/workflow.ts";

const folder = ".github/workflows";
const names = readdirSync(folder);
const textOf = (name: string) => readFileSync(`${folder}/${name}`, "utf8");

test.each(names)("%s has no fault", async (name) => {
  expect(await faultsOf(name, textOf(name))).toEqual([]);
});

test("there is one for checks, one for previews and one for promotions", () => {
  expect(names.sort()).toEqual(["check.yml", "preview.yml", "promote.yml"]);
});

const checkout = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";

test.each<[fault: string, file: string, from: string | RegExp, to: string, found: string]>([
  ["an action by its tag", "check.yml", checkout, "actions/checkout@v7", "actions/checkout@v7 is not pinned"],
  ["an action by a short commit", "check.yml", checkout, "actions/checkout@3d3c42e # v7.0.1", "is not pinned"],
  ["a commit without its version", "check.yml", " # v7.0.1", "", "is not pinned"],
  ["an image by its tag", "check.yml", checkout, "docker://alpine:3", "is not pinned"],
  ["an unknown context", "preview.yml", "vars.AWS_ROLE_ARN", "vras.AWS_ROLE_ARN", 'undefined variable "vras"'],
  ["an unknown property", "promote.yml", "inputs.commit", "inputs.comit", 'property "comit" is not defined'],
  ["an unfinished expression", "promote.yml", "github.sha }}", "github.sha }", "unexpected"],
  ["an unknown job", "promote.yml", "needs: staging", "needs: stagign", "stagign"],
  ["a wrong key", "check.yml", "timeout-minutes", "timeout-minute", 'unexpected key "timeout-minute"'],
  ["no YAML", "check.yml", "jobs:", "jobs: [", "could not parse as YAML"],
  [
    "text of a stranger in a script",
    "preview.yml",
    "npm ci",
    `echo "$\{{ github.head_ref }}"`,
    "potentially untrusted",
  ],
  ["any expression in a script", "preview.yml", "npm ci", `echo "$\{{ vars.AWS_REGION }}"`, "no expression in run"],
  [
    "rights to write everything",
    "check.yml",
    "permissions:\n      contents: read",
    "permissions: write-all",
    "not write-all",
  ],
  [
    "rights to read everything",
    "check.yml",
    "permissions:\n      contents: read",
    "permissions: read-all",
    "not read-all",
  ],
  [
    "a job without rights of its own",
    "check.yml",
    "    permissions:\n      contents: read\n",
    "",
    "each of its permissions",
  ],
  ["rights that a job needs not", "check.yml", "contents: read", "contents: write", "may not write contents"],
  [
    "rights for all jobs",
    "check.yml",
    "permissions: {}",
    "permissions: { contents: read }",
    "permissions begin with none",
  ],
  ["no word about rights", "promote.yml", "permissions: {}\n", "", "permissions begin with none"],
  ["a role without an environment", "preview.yml", "    environment: preview\n", "", "it has an environment"],
  [
    "a long-lived key",
    "promote.yml",
    /role-to-assume: .*/,
    `aws-access-key-id: $\{{ vars.KEY }}`,
    "a long-lived key of AWS",
  ],
  ["a secret", "promote.yml", "vars.SMOKE_TOKEN", "secrets.SMOKE_TOKEN", "a secret of GitHub's"],
  ["all secrets", "promote.yml", "check.yml\n", "check.yml\n    secrets: inherit\n", "a secret of GitHub's"],
  [
    "a token that is left behind",
    "check.yml",
    "persist-credentials: false",
    "persist-credentials: true",
    "no token behind",
  ],
  ["a shared cache", "promote.yml", "package-manager-cache: false", "cache: npm", "takes nothing from a cache"],
  ["no end", "check.yml", /timeout-minutes.*/, "", "no timeout-minutes"],
  [
    "a deployment that is cut off",
    "promote.yml",
    "cancel-in-progress: false",
    "cancel-in-progress: true",
    "nothing may cancel",
  ],
  ["two deployments at once", "preview.yml", /concurrency:\n.*\n.*\n/, "", "one deployment of a stage at a time"],
  ["rights for strangers", "preview.yml", "pull_request:", "pull_request_target:", "pull_request_target gives rights"],
])("%s is a fault", async (_, file, from, to, found) => {
  const text = textOf(file);
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  expect((await faultsOf(file, changed)).join("\n")).toContain(found);
});
