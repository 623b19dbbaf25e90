import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Playing, playApi } from "./test/playing.ts";

let api: Playing;

beforeAll(async () => {
  api = await playApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  api.requests.length = 0;
  api.answers.clear();
  play({});
});

function play(told: object, ...pending: object[]) {
  const quiet = [alarm("LedgerMismatch"), alarm("MarkPaidLetters")];
  api.answers.set("GET /ops/health", {
    ...{ status: "healthy", watched: true, alarms: quiet, queues: 24, deadLetters: [], ...told },
  });
  api.answers.set("GET /orders", { items: pending });
}

function alarm(name: string, more: object = {}) {
  return { name, state: "ok", urgent: false, calls: true, muted: false, ...more };
}

function order(last: string, minutesAgo: number) {
  const createdAt = new Date(Date.parse("2026-03-08T12:00:00.000Z") - minutesAgo * 60_000).toISOString();
  return { id: `ord_${last}`, number: `4821-0937-000${last}`, status: "pending", createdAt };
}

const letters = alarm("MarkPaidLetters", {
  ...{
    state: "alarm",
    since: "2026-03-08T09:55:00.000Z",
    description: "Something failed for good.",
    runbook: "docs/runbook/MarkPaidLetters.md",
  },
});
const breaker = alarm("StripeBreakerOpen", {
  ...{ state: "alarm", urgent: true, since: "2026-03-08T11:48:00.500Z", description: "The provider\u001b[2J fails." },
  ...{ reason: "Threshold Crossed", runbook: "docs/runbook/BreakerOpen.md" },
});

describe("health", () => {
  test("of a healthy stage is one line, and looks at what is pending for more than ten minutes", async () => {
    expect(await api.ops(["health"])).toEqual({
      ...{ code: 0, errors: "" },
      printed: ["healthy: all 2 alarms are quiet, no dead letters in 24 queues, 0 orders pending for more than 10 min"],
    });
    expect(api.requests[1]).toBe("GET /orders?status=pending&placedBefore=2026-03-08T11%3A50%3A00.000Z&limit=100");
  });

  test("of a failing stage ends with 1, and says of each alarm what it means, what matters most first", async () => {
    const part = alarm("OrderFaultsOneHour", { state: "alarm", calls: false });
    const told = { status: "failing", alarms: [letters, part, breaker] };
    play({ ...told, deadLetters: [{ subscriber: "MarkPaid", letters: 3 }] }, order("2", 11), order("1", 90));
    const { code, printed } = await api.ops(["health"], { isTerminal: true });
    expect(code).toBe(1);
    expect(printed).toEqual([
      "failing: 2 of 3 alarms on, 3 dead letters in 1 queue, 2 orders pending for more than 10 min",
      "",
      "StripeBreakerOpen for 11 min 59 s, since 2026-03-08T11:48:00Z",
      "  The provider\\u001b[2J fails.",
      "  Threshold Crossed",
      "  docs/runbook/BreakerOpen.md",
      "",
      "MarkPaidLetters for 2 h 5 min, since 2026-03-08T09:55:00Z",
      "  Something failed for good.",
      "  docs/runbook/MarkPaidLetters.md",
      "",
      "subscriber  dead letters",
      "MarkPaid               3",
      "",
      "oldest pending  number          placed                for",
      "ord_1           4821-0937-0001  2026-03-08T10:30:00Z  1 h 30 min",
      "ord_2           4821-0937-0002  2026-03-08T11:49:00Z  11 min",
      "",
      ...["stuck", "dead-letters list MarkPaid", "needs-operator"].map((words) => `npm run ops -- ${words}`),
    ]);
  });

  test("of a stage where something waits ends with 0", async () => {
    play({ status: "degraded", alarms: [letters] });
    const { code, printed } = await api.ops(["health"]);
    expect(code).toBe(0);
    expect(printed[0]).toMatch(/^degraded: 1 of 1 alarm on, /);
  });

  test("says who will not be called, and why", async () => {
    const gone = alarm("NegativeStock", { state: "missing", calls: false });
    play({ status: "degraded", alarms: [alarm("LedgerMismatch", { muted: true }), gone, { ...letters, muted: true }] });
    const text = (await api.ops(["health"])).printed.join("\n");
    expect(text).toContain("since 2026-03-08T09:55:00Z, and muted: nobody was called");
    expect(text).toContain(
      "Not there any more, deploy again: NegativeStock\nMuted, nobody will be called: LedgerMismatch",
    );
  });

  test("of a personal stage says that nobody watches it", async () => {
    play({ watched: false, alarms: [] });
    const { code, printed } = await api.ops(["health"]);
    expect(code).toBe(0);
    expect(printed[0]).toMatch(/^healthy: no alarms, no dead letters/);
    expect(printed.at(-1)).toContain("Nobody is called from this stage");
  });

  test("as JSON is the API's answer and the pending orders, with the same exit code", async () => {
    play({ status: "failing", alarms: [breaker] }, order("1", 11));
    const { code, printed } = await api.ops(["health", "--json"]);
    expect(code).toBe(1);
    expect(printed.map((line) => JSON.parse(line))).toEqual([
      { status: "failing", watched: true, alarms: [breaker], queues: 24, deadLetters: [] },
      { items: [order("1", 11)] },
    ]);
  });

  test("reads all that is pending to know the oldest, and no more than it can", async () => {
    let pages = 0;
    api.answers.set("GET /orders", (query) => {
      pages++;
      expect(query.get("cursor")).toBe(pages === 1 ? null : `c${pages - 1}`);
      const isLast = pages === 3;
      return { items: [order(`${pages}`, 10 + pages)], ...(!isLast && { nextCursor: `c${pages}` }) };
    });
    expect((await api.ops(["health"])).printed[3]).toMatch(/^ord_3 /);
    api.answers.set("GET /orders", () => ({ items: [order("1", 11)], nextCursor: "more" }));
    const text = (await api.ops(["health"])).printed.join("\n");
    expect(text).toContain("more than 20 orders pending");
    expect(text).toContain("There are more than 2000: these are not the oldest.");
  });
});

describe("reconcile", () => {
  const run = (answer: object) => {
    api.answers.set("POST /ops/reconciliations", answer);
    return api.ops(["reconcile"], { isTerminal: true });
  };

  test("tells what it has found, and ends with 1 when a person has to see to something", async () => {
    const wrong = await run({ status: "done", compared: 5, mended: ["ord_1"], wrong: ["ord_2"] });
    expect(wrong).toMatchObject({ code: 1, errors: "" });
    expect(wrong.printed).toEqual([
      "Compared 5 payments: 3 agreed, 1 mended, 1 left for a person.",
      ...["mended  ord_1", "wrong   ord_2", "", "npm run ops -- needs-operator ord_2"],
    ]);
    const right = await run({ status: "done", compared: 1, mended: [], wrong: [] });
    expect(right).toMatchObject({
      ...{ code: 0, printed: ["Compared 1 payment: 1 agreed, 0 mended, 0 left for a person."] },
    });
  });

  test("that takes longer than an answer may says that it goes on", async () => {
    const { code, printed } = await run({ status: "running" });
    expect(code).toBe(0);
    expect(printed[0]).toContain("goes on");
  });
});
