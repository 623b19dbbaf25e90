/** The scripts of the pipelines, with commands in the place of AWS's and SST's that keep a record of what they were told. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartwright-staging-CheckoutStateMachine-abc";
const version = (number: number) => `${machine}:${number}`;
const route = (number: number) => JSON.stringify([{ stateMachineVersionArn: version(number), weight: 100 }]);

/** `versions` is what AWS lists, and `route` what the alias points at; a deployment appends and sets them. */
const commands = {
  aws: `
    echo "aws $*" >>calls
    [ ! -e "fail-$2" ] || { cat "fail-$2" >&2; exit 254; }
    case $2 in
      list-state-machines) [ ! -e route ] || echo ${machine} ;;
      list-state-machine-versions) sort -r versions ;;
      list-state-machine-aliases) echo ${machine}:other; [ ! -e route ] || echo ${machine}:live ;;
      describe-state-machine-alias) printf '[\\n    %s\\n]\\n' "$(sed 's/[][]//g; s/:1/: 1/g' route)" ;;
      update-state-machine-alias) printf '%s' "$6" >route ;;
    esac`,
  npx: `
    echo "npx $*" >>calls
    [ ! -e deployed ] || { cp deployed route; echo ${version(2)} >>versions; }
    mkdir -p .sst
    echo '{"api":"https://api.example.com","userPool":"eu-west-1_pool"}' >.sst/outputs.json
    [ ! -e fail-deploy ]`,
  npm: `
    echo "npm $*" >>calls
    echo "as $CARTWRIGHT_EMAIL with $CARTWRIGHT_PASSWORD" >>calls
    [ ! -e fail-smoke ]`,
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cartwright-deploy-"));
  cpSync(".ci", join(folder, ".ci"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(join(folder, "bin", name), `#!/usr/bin/env bash\nset -e\n${script}\n`, { mode: 0o755 });
  }
  write("versions", `${version(1)}\n`);
  write("route", route(1));
  write("deployed", route(2));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text = "") => writeFileSync(join(folder, name), text);
const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
const remove = (name: string) => rmSync(join(folder, name));

async function run(script: string, ...words: string[]): Promise<{ code: number; told: string }> {
  const env = {
    PATH: `${join(folder, "bin")}:${process.env.PATH}`,
    GITHUB_OUTPUT: "output",
    GITHUB_STEP_SUMMARY: "summary",
  };
  return new Promise((resolve) => {
    execFile(join(folder, ".ci", script), words, { cwd: folder, env }, (error, out, errors) =>
      resolve({ code: error ? Number(error.code) : 0, told: out + errors }),
    );
  });
}

test("a deployment is one whose smoke order has gone well", async () => {
  const { code, told } = await run("deploy", "staging", "--expect", "confirmed");
  expect(code).toBe(0);
  expect(told).not.toContain("goes forward");
  expect(read("route")).toBe(route(2));
  expect(read("output")).toBe("api=https://api.example.com\n");
  expect(read("summary")).toMatch(/staging is deployed: https:\/\/api.example.com\n.* went as it should/);
  const calls = read("calls").split("\n");
  expect(calls).toContain("npx sst deploy --stage staging");
  expect(calls).toContain("npm run --silent ops -- smoke --deployed --expect confirmed");
});

test("whoever places the order has a new password each time, and is shut out afterwards", async () => {
  write("fail-admin-create-user", "An error occurred (UsernameExistsException) when calling …");
  write("fail-smoke");
  await run("deploy", "staging");
  await run("deploy", "staging");
  const calls = read("calls").split("\n");
  const passwords = calls.flatMap(
    (call) => /^as smoke-order@example.com with (Sm0ke-[0-9a-f]{48})$/.exec(call)?.[1] ?? [],
  );
  expect(new Set(passwords).size).toBe(2);
  const account = calls.filter((call) => call.startsWith("aws cognito-idp"));
  expect(account.map((call) => call.split(" ")[2])).toEqual(
    [0, 1]
      .flatMap(() => ["create-user", "enable-user", "set-user-password", "add-user-to-group", "disable-user"])
      .map((action) => `admin-${action}`),
  );
});

test("an account that can't be made is a failed smoke order", async () => {
  write("fail-admin-create-user", "An error occurred (AccessDeniedException) when calling …");
  const { code, told } = await run("deploy", "staging");
  expect(code).toBe(1);
  expect(told).toContain("AccessDeniedException");
  expect(read("route")).toBe(route(1));
});

test("a smoke order that fails takes the checkout back, and says loudly what stays new", async () => {
  write("fail-smoke");
  const { code, told } = await run("deploy", "staging");
  expect(code).toBe(1);
  expect(read("route")).toBe(route(1));
  expect(told).toContain("The smoke order at staging has failed.");
  expect(told).toContain("ROLLED BACK: new orders are checked out by version 1 of the checkout, no longer by 2.");
  expect(told).toContain("Not rolled back: the functions of the API");
  expect(read("summary")).toContain("ROLLED BACK");
});

test("a deployment that fails half-way takes the checkout back too, and places no order", async () => {
  write("fail-deploy");
  const { code, told } = await run("deploy", "staging");
  expect(code).toBe(1);
  expect(told).toContain("The deployment of staging has failed.");
  expect(read("route")).toBe(route(1));
  expect(read("calls")).not.toContain("npm run");
});

test("a deployment that fails before the checkout changes nothing of it", async () => {
  write("fail-deploy");
  remove("deployed");
  const { code, told } = await run("deploy", "staging");
  expect(code).toBe(1);
  expect(told).toContain("The checkout is where it was, at version 1.");
  expect(read("calls")).not.toContain("update-state-machine-alias");
});

test("a first deployment that fails has nothing to go back to", async () => {
  remove("route");
  write("fail-smoke");
  const { code, told } = await run("deploy", "staging");
  expect(code).toBe(1);
  expect(told).toContain("There is no earlier version of the checkout to go back to.");
  expect(read("route")).toBe(route(2));
});

test.each(["list-state-machines", "list-state-machine-aliases", "describe-state-machine-alias"])(
  "nothing is deployed when AWS refuses to %s, and so to tell where the checkout is",
  async (action) => {
    write(`fail-${action}`, "AccessDeniedException");
    expect(await run("deploy", "staging")).toMatchObject({ code: 254 });
    expect(read("calls")).not.toContain("npx");
  },
);

test("a roll-back that fails says so, and how to do it by hand", async () => {
  write("fail-smoke");
  write("fail-update-state-machine-alias", "ThrottlingException");
  const { code, told } = await run("deploy", "staging");
  expect(code).toBe(1);
  expect(told).toContain(`NOT ROLLED BACK: new orders may still be given to the checkout that failed.`);
  expect(told).toContain(`.ci/checkout-route back staging '${route(1)}'`);
});

test("a checkout that was rolled back earlier goes forward again, also when the deployment leaves the machine alone", async () => {
  remove("deployed");
  write("versions", `${version(1)}\n${version(2)}\n`);
  const { code, told } = await run("deploy", "staging");
  expect(code).toBe(0);
  expect(told).toContain("The checkout was rolled back earlier, and goes forward again: to version 2.");
  expect(read("route")).toBe(route(2));
});

test("by hand the checkout goes back to the version before, as far as there is one", async () => {
  write("versions", [1, 2, 3].map(version).join("\n"));
  write("route", route(3));
  expect(await run("checkout-route", "show", "staging")).toEqual({ code: 0, told: route(3) });
  expect(await run("checkout-route", "back", "staging")).toMatchObject({ code: 0 });
  expect(await run("checkout-route", "back", "staging")).toMatchObject({ code: 0 });
  expect(read("route")).toBe(route(1));
  const end = await run("checkout-route", "back", "staging");
  expect(end).toEqual({ code: 1, told: "There is no version of the checkout before 1.\n" });
});

test.each([
  ["deploy", []],
  ["checkout-route", ["show"]],
  ["checkout-route", ["sideways", "staging"]],
  ["checkout-route", ["show", "staging' || 'x"]],
])("%s %j is refused with how it is used", async (script, words) => {
  expect(await run(script, ...words)).toEqual({ code: 2, told: expect.stringContaining(`usage: .ci/${script} `) });
});
