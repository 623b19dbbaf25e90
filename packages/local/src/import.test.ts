/** Products by the thousand, from a seed and from files, on the whole system. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Io } from "@cartwright/ops";
import { runCaptured } from "@cartwright/ops/test/run";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "./test/child.ts";
import { repository, temporaryFolder } from "./test/fixture.ts";
import { type System, startSystem } from "./test/system.ts";

const folder = temporaryFolder();
let system: System;
let requests: string[] = [];

beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.stop();
  folder.remove();
});
afterEach(() => system.mend());

async function ops(words: string[], more: Partial<Io> = {}) {
  requests = [];
  const environment = { CARTWRIGHT_API_URL: system.local.apiUrl };
  system.hooks.onLog = ({ text }) => {
    const route = /"route":"(\w+ [^"]+)"/.exec(text)?.[1];
    if (route) requests.push(route);
  };
  const { printed, ...rest } = await runCaptured(words, { environment, now: system.local.now, ...more });
  delete system.hooks.onLog;
  return { ...rest, printed: printed.join("\n") };
}

const asked = (route: string) => requests.filter((one) => one === route).length;
const product = (sku: string) => system.shop.staff.products.get(sku);
const stockOf = async (sku: string) => (await system.shop.staff.products.stock(sku)).available;

/** A file in the test's folder, of these lines. */
function write(name: string, lines: string[]): string {
  const path = join(folder.path, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

describe("seeding", () => {
  test("makes products with their stock, once: again changes nothing, and more adds to them", async () => {
    expect(await ops(["seed", "--products", "6", "--seed", "3"])).toMatchObject({
      ...{ code: 0, errors: "", printed: expect.stringMatching(/^6 products: 6 created, at http/) },
    });
    const movements = asked("POST /products/:sku/stock-adjustments");
    expect(movements).toBeGreaterThan(3);
    expect(await ops(["seed", "--products", "6", "--seed", "3"])).toMatchObject({
      ...{ code: 0, printed: expect.stringMatching(/6 unchanged.*\nAll of seed 3 were there already/) },
    });
    expect(requests.filter((route) => !route.startsWith("GET ") && route !== "POST /sessions")).toEqual([]);
    expect((await ops(["seed", "--products", "8", "--seed", "3"])).printed).toMatch(/2 created, 6 unchanged/);
  });
});

describe("importing", () => {
  const header = "product,sku,title,category,price:EUR,price:JPY,option:colour,stock";

  test("creates what is missing, changes what differs, and leaves the rest", async () => {
    const lines = [
      header,
      ",IMP-CUP,Cup,cups,9.00,1400,,7",
      "IMP-MUG,IMP-MUG-B,Mug,mugs,14.50,,blue,3",
      "IMP-MUG,IMP-MUG-R,,,14.50,,red,",
    ];
    const path = write("products.csv", lines);
    expect(await ops(["import", path])).toEqual({ code: 0, errors: "", printed: "2 products: 2 created." });
    expect(await product("IMP-CUP")).toMatchObject({
      ...{ title: "Cup", category: "cups", status: "published", version: 1 },
      variants: [
        {
          sku: "IMP-CUP",
          prices: [
            { amount: 900, currency: "EUR" },
            { amount: 1400, currency: "JPY" },
          ],
        },
      ],
    });
    expect([await stockOf("IMP-CUP"), await stockOf("IMP-MUG-B"), await stockOf("IMP-MUG-R")]).toEqual([7, 3, 0]);

    expect((await ops(["import", path])).printed).toBe("2 products: 2 unchanged.");
    expect(requests.filter((route) => !route.startsWith("GET "))).toEqual(["POST /sessions"]);
    expect(asked("GET /products/:sku")).toBe(2);

    write("products.csv", [lines[0]!, lines[1]!, "IMP-MUG,IMP-MUG-G,,,15,,green,2", "IMP-MUG,IMP-MUG-B,,,13,,,99"]);
    expect((await ops(["import", path])).printed).toBe("2 products: 1 updated, 1 unchanged.");
    const { variants, version, title } = await product("IMP-MUG");
    expect({ title, version }).toEqual({ title: "Mug", version: 2 });
    const told = variants.map(({ sku, options, prices, retired }) => [sku, options.colour, prices[0]!.amount, retired]);
    expect(told).toEqual([
      ["IMP-MUG-B", "blue", 1300, false],
      ["IMP-MUG-R", "red", 1450, false],
      ["IMP-MUG-G", "green", 1500, false],
    ]);
    expect([await stockOf("IMP-MUG-B"), await stockOf("IMP-MUG-G")]).toEqual([3, 2]);
    expect(existsSync(`${path}.refused.jsonl`)).toBe(false);
    expect(existsSync(`${path}.progress.json`)).toBe(false);
  });

  test("reports each row that was refused with its line and reason, and imports the others", async () => {
    const path = write("faulty.csv", [
      header,
      ",IMP-OK,Cup,cups,9.00,,,",
      ',IMP-BAD,"Cup of\ntwo lines",cups,9.001,,,',
      "IMP-X,IMP-X-1,X,,1,,red,",
      "IMP-X,IMP-X-2,,,1,,red,",
      ",IMP-NEW,,cups,1,,,",
      ",IMP-MUG-B,Mug,,1,,,",
    ]);
    const dry = await ops(["import", path, "--dry-run"]);
    expect(dry).toMatchObject({
      code: 1,
      printed: expect.stringMatching(/^4 products: 4 valid; 1 row refused\. Nothing/),
    });
    expect(requests).toEqual([]);

    const { code, printed, errors } = await ops(["import", path]);
    expect(code).toBe(1);
    expect(printed).toMatch(
      /^1 product: 1 created; 5 rows refused\.\nWhat was left out, and why: .*faulty.csv.refused.jsonl$/,
    );
    expect(errors).toContain("line 3, IMP-BAD: 9.001 is more exact than EUR can be");
    const report = readFileSync(`${path}.refused.jsonl`, "utf8").trim().split("\n");
    const refused = report.map((line) => JSON.parse(line));
    expect(refused.map(({ line, sku, reason }) => [line, sku, reason])).toEqual([
      [3, "IMP-BAD", expect.stringContaining("more exact")],
      [5, "IMP-X-1", expect.stringContaining("same options")],
      [6, "IMP-X-2", expect.stringMatching(/^with line 5: .*same options/)],
      [7, "IMP-NEW", "IMP-NEW is new, and a new product has a title"],
      [8, "IMP-MUG-B", "IMP-MUG-B is a variant of IMP-MUG"],
    ]);
    expect(refused[0].row).toMatchObject({ sku: "IMP-BAD", "price:EUR": "9.001" });
    expect(await product("IMP-OK")).toMatchObject({ title: "Cup" });
  });

  test("tries again what was not answered, and refuses nothing for that", async () => {
    const path = write("troubled.jsonl", [
      JSON.stringify({ sku: "IMP-T", title: "Tray", prices: ["9 EUR"], stock: 5 }),
    ]);
    let writes = 0;
    system.hooks.onDynamoRequest = (operation) => {
      if (operation !== "TransactWriteItems" || writes++ > 3) return undefined;
      return { when: writes % 2 === 0 ? "before" : "after", name: "InternalServerError" };
    };
    const { code, printed } = await ops(["import", path], { sleep: async () => {} });
    expect({ code, printed }).toEqual({ code: 0, printed: expect.stringMatching(/^1 product: 1 /) });
    expect(await stockOf("IMP-T")).toBe(5);
  });

  test("goes on where it was interrupted, and with the report", async () => {
    const rows = Array.from({ length: 12 }, (_, at) => `,IMP-I-${at},Cup ${at},cups,${at === 1 ? "1.001" : "1"},,,`);
    const path = write("long.csv", [header, ...rows]);
    let stop = () => {};
    const onInterrupt = (run: () => void) => {
      stop = run;
      return () => {};
    };
    let writes = 0;
    system.hooks.onDynamoRequest = (operation) => {
      if (operation === "TransactWriteItems" && ++writes === 4) stop();
      return undefined;
    };
    const first = await ops(["import", path, "--concurrency", "2"], { onInterrupt });
    system.mend();
    expect(first).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/Stopped after line \d+: the same command goes on/),
    });
    const second = await ops(["import", path, "--concurrency", "2"]);
    expect(second).toMatchObject({
      code: 1,
      printed: expect.stringMatching(/^11 products: 11 created; 1 row refused/),
    });
    const doneLines = Number(/Going on after line (\d+)/.exec(second.errors)?.[1]);
    expect(asked("GET /products/:sku")).toBe(rows.length + 1 - doneLines);
    expect(readFileSync(`${path}.refused.jsonl`, "utf8").trim().split("\n")).toHaveLength(1);
    expect(existsSync(`${path}.progress.json`)).toBe(false);
  });

  test("goes on even when it was killed, near where it was", async () => {
    const rows = Array.from({ length: 100 }, (_, at) => `,IMP-K-${at},Cup ${at},cups,1,,,`);
    const path = write("killed.csv", [header, ...rows]);
    system.hooks.onDynamoRequest = async (operation) => {
      if (operation === "TransactWriteItems") await new Promise((resolve) => setTimeout(resolve, 100));
      return undefined;
    };
    const child = spawn(process.execPath, ["--import", "tsx", "packages/ops/src/cli.ts", "import", path], {
      cwd: repository,
      env: { ...process.env, CARTWRIGHT_API_URL: system.local.apiUrl },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await until(() => existsSync(`${path}.progress.json`), "the first checkpoint");
    child.kill("SIGKILL");
    await ended;
    system.mend();
    await system.local.idle();
    const second = await ops(["import", path]);
    expect(second).toMatchObject({ code: 0, errors: expect.stringMatching(/Going on after line \d+/) });
    expect(second.printed).toMatch(/^100 products: /);
    expect(asked("GET /products/:sku")).toBeLessThan(100);
    for (const at of [0, 50, 99]) expect(await product(`IMP-K-${at}`)).toMatchObject({ version: 1 });
  });
});
