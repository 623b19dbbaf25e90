import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Io } from "./io.ts";
import { runCaptured } from "./test/run.ts";

/** A server that is no Cartwright: keeps what it was told, and answers as the test says. */
let server: http.Server;
let url: string;
let requests: { path: string; authorization: string | undefined; body: string }[];
let answer: { status: number; body: string };

beforeAll(async () => {
  server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push({ path: request.url!, authorization: request.headers.authorization, body });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  requests = [];
  answer = { status: 200, body: JSON.stringify({ items: [] }) };
});

const replayed = {
  ...{ id: "rpl_1", subscriber: "MarkPaid", status: "running", filter: {} },
  ...{ from: "2026-03-08T11:00:00.000Z", to: "2026-03-08T12:00:00.000Z" },
};

async function ops(argv: string[], more: Partial<Io> = {}) {
  const { printed, ...rest } = await runCaptured(argv, {
    environment: { CARTWRIGHT_API_URL: url, CARTWRIGHT_TOKEN: "jwt" },
    now: () => Date.parse("2026-03-08T12:00:00Z"),
    sleep: async () => {},
    ...more,
  });
  return { ...rest, printed: printed.join("\n") };
}

test.each<[string[], string]>([
  [[], "dead-letters redrive"],
  [["frob", "--x"], 'no command "frob"'],
  [["dead-letters", "purge"], "there are dead-letters list, dead-letters show, dead-letters redrive"],
  [["--url", "http://x"], "begin with a command"],
  [["dead-letters", "list", "--nope"], "there is no option --nope: dead-letters list takes --url"],
  [["dead-letters", "list", "--order"], "--order wants a value"],
  [["dead-letters", "list", "--order", "--event", "x.y"], "--order wants a value"],
  [["dead-letters", "list", "--all=yes"], "--all takes no value"],
  [["dead-letters", "list", "--order", "banana"], "--order takes an order's id such as ord_"],
  [["dead-letters", "redrive", "MarkPaid", "--order", "ord_1"], "--order takes an order's id"],
  [["replay", "MarkPaid", "--from", "2h", "--dry-run"], "there is no option --dry-run: replay takes"],
  [["--frob", "dead-letters", "list"], "begin with a command"],
  [["dead-letters", "list", "MarkPaid", "extra"], '"extra" is too much'],
  [["dead-letters", "list", "--limit", "0"], "--limit takes a number"],
  [["dead-letters", "list", "--limit", "501"], "--limit takes a number"],
  [["dead-letters", "list", "MarkPaid", "--all"], "leave out the subscriber"],
  [["dead-letters", "list", "--after", "yesterday"], "--after takes an ISO 8601 time"],
  [["dead-letters", "show", "MarkPaid"], "<letter id>"],
  [["dead-letters", "redrive", "MarkPaid"], "say which letters"],
  [["dead-letters", "redrive", "MarkPaid", "--dry-run"], "say which letters"],
  [["dead-letters", "redrive", "MarkPaid", "l1", "--all"], "exclude each other"],
  [["dead-letters", "redrive", "MarkPaid", "--all", "--event", "x.y"], "exclude each other"],
  [["replay"], "say which subscriber"],
  [["replay", "MarkPaid"], "say from when on"],
  [["replay", "MarkPaid", "--from", "2h", "--follow", "rpl_1"], "--follow is about a replay that was started"],
  [["timeline"], "<order id>"],
  [["import"], "<file.csv | file.jsonl>"],
  [["import", "products.xlsx"], "neither .csv nor .jsonl"],
  [["import", "products.csv", "--delimiter", "ab"], "--delimiter takes one character"],
  [["import", "products.jsonl", "--delimiter", ";"], "--delimiter is about CSV"],
  [["import", "products.csv", "--concurrency", "0"], "--concurrency takes a number from 1 to 64"],
  [["seed", "--products", "0"], "--products takes a number from 1 to 100000"],
  [["seed", "--seed", "seven"], "--seed takes a number"],
  [["seed", "7"], '"7" is too much'],
  [["stuck", "--older-than", "long"], "--older-than takes a span such as 90s"],
  [["stuck", "--limit", "0"], "--limit takes a number from 1 to 999"],
  [["stuck", "ord_1"], '"ord_1" is too much'],
  [["reconcile", "now"], '"now" is too much'],
  [["needs-operator", "ord_1"], "needs-operator takes an order's id such as ord_"],
  [["needs-operator", "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD", "--code", "disputed"], "--code is for the list"],
])("%j is refused before anything is sent, and tells why", async (argv, message) => {
  const { code, errors, printed } = await ops(argv);
  expect(errors).toContain(message);
  expect(code).toBe(2);
  expect(printed).toBe("");
  expect(requests).toEqual([]);
});

test.each([["--help"], ["dead-letters", "redrive", "--help"], ["replay", "-h"]])(
  "help is no error: %s",
  async (...argv) => {
    const { code, printed, errors } = await ops(argv);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(printed).toContain("CARTWRIGHT_TOKEN");
  },
);

test("a server that isn't there, one that is another, and one that fails are told apart", async () => {
  const gone = await ops(["dead-letters", "list", "--url", "http://127.0.0.1:1"]);
  expect(gone).toMatchObject({
    code: 1,
    errors: expect.stringMatching(/no API answers at http:\/\/127\.0\.0\.1:1 .*npm start/),
  });
  answer = { status: 200, body: "<html>" };
  expect(await ops(["dead-letters", "list"])).toMatchObject({
    code: 1,
    errors: expect.stringContaining("not this API"),
  });
  answer = { status: 502, body: "<html>" };
  expect(await ops(["dead-letters", "list"])).toMatchObject({
    code: 1,
    errors: expect.stringContaining("answered 502"),
  });
});

test("a problem is told with its code, and with what to do", async () => {
  const problem = (status: number, code: string) => ({
    status,
    body: JSON.stringify({ code, detail: "the access token has expired", requestId: "r1" }),
  });
  answer = problem(401, "unauthenticated");
  const expired = await ops(["dead-letters", "list"]);
  expect(expired.code).toBe(1);
  expect(expired.errors).toContain("unauthenticated: the access token has expired (request r1)");
  expect(expired.errors).toContain("CARTWRIGHT_TOKEN is not accepted");
  answer = problem(403, "staff_only");
  expect((await ops(["dead-letters", "list"])).errors).toContain("member of staff");
  answer = problem(503, "unavailable");
  expect((await ops(["dead-letters", "list"])).errors).toContain("safe to run the command again");
});

test("the seeded password goes to this machine alone", async () => {
  answer = { status: 401, body: JSON.stringify({ code: "bad_credentials" }) };
  const here = await ops(["dead-letters", "list"], { environment: { CARTWRIGHT_API_URL: url } });
  expect(here).toMatchObject({ code: 1, errors: expect.stringContaining("is it npm start that listens there?") });
  expect(requests.map(({ path }) => path)).toEqual(["/sessions"]);
  for (const elsewhere of ["https://127.0.0.1.example.com", "https://localhost.example", "https://api.example.com"]) {
    const there = await ops(["dead-letters", "list", "--url", elsewhere], { environment: {} });
    expect(there).toMatchObject({ code: 2, errors: expect.stringContaining("wants to know who asks") });
  }
});

test.each([
  [["--url", "http://api.example.com"], "use https"],
  [["--url", "ftp://127.0.0.1"], "no URL of an API"],
  [["--url", "nonsense"], "no URL of an API"],
  [["--url", "https://me:secret@api.example.com"], "credentials don't belong"],
  [["--url", "https://api.example.com", "--deployed"], "give one of them"],
])("%j is no place to send a token to", async (place, message) => {
  const { code, errors } = await ops(["dead-letters", "list", ...place]);
  expect({ code, errors }).toEqual({ code: 2, errors: expect.stringContaining(message) });
});

test("--deployed goes where the last deployment is, and says what is missing", async () => {
  const readFile = (path: string) => (path === ".sst/outputs.json" ? JSON.stringify({ api: url }) : undefined);
  expect(
    await ops(["dead-letters", "list", "--deployed"], { readFile, environment: { CARTWRIGHT_TOKEN: "jwt" } }),
  ).toMatchObject({ code: 0 });
  expect(requests).toMatchObject([{ path: "/ops/dead-letters", authorization: "Bearer jwt" }]);
  expect(await ops(["dead-letters", "list", "--deployed"])).toMatchObject({
    code: 1,
    errors: expect.stringContaining("it isn't there"),
  });
  const empty = await ops(["dead-letters", "list", "--deployed"], { readFile: () => "{}" });
  expect(empty).toMatchObject({ code: 1, errors: expect.stringContaining("names no api") });
});

test("an email signs in with its password, and half of the two is refused", async () => {
  const session = { accessToken: "fresh", refreshToken: "more", expiresInSeconds: 900 };
  answer = { status: 200, body: JSON.stringify({ ...session, items: [] }) };
  const environment = { CARTWRIGHT_API_URL: url, CARTWRIGHT_EMAIL: "me@example.com", CARTWRIGHT_PASSWORD: "secret" };
  expect(await ops(["dead-letters", "list"], { environment })).toMatchObject({ code: 0 });
  expect(requests[0]).toMatchObject({
    path: "/sessions",
    body: JSON.stringify({ email: "me@example.com", password: "secret" }),
  });
  expect(requests[1]).toMatchObject({ path: "/ops/dead-letters", authorization: "Bearer fresh" });
  const half = await ops(["dead-letters", "list"], { environment: { ...environment, CARTWRIGHT_PASSWORD: "" } });
  expect(half).toMatchObject({ code: 2, errors: expect.stringContaining("belong together") });
});

test("a redrive goes on while there is more, and ends with 1 when something was refused", async () => {
  const answers = [
    { examined: 1_000, matched: 3, redriven: 3, refused: [], more: true },
    {
      examined: 200,
      matched: 2,
      redriven: 1,
      refused: [{ id: "l5", reason: "it holds\u001b[2J no event" }],
      more: false,
    },
  ];
  const asOf = "2026-03-08T12:00:01.000Z";
  const about = {
    subscriber: "MarkPaid",
    dryRun: false,
    redrivesTo: "queue",
    backWithinSeconds: 300,
    asOf,
    setAside: 997,
  };
  const replies = answers.map((one) => JSON.stringify({ ...about, ...one }));
  answer = {
    status: 200,
    get body() {
      return replies[requests.length - 1]!;
    },
  };
  const { code, printed } = await ops(["dead-letters", "redrive", "MarkPaid", "--after", "2h"]);
  expect(code).toBe(1);
  const request = { subscriber: "MarkPaid", filter: { after: "2026-03-08T10:00:00.000Z" }, dryRun: false };
  // Letters that have failed again in the meantime are not part of it.
  expect(requests.map(({ body }) => JSON.parse(body))).toEqual([
    request,
    { ...request, sentBefore: asOf, setAside: 997 },
  ]);
  expect(printed.split("\n")).toEqual([
    "… 3 redriven of 1000 examined so far",
    "refused l5: it holds\\u001b[2J no event",
    "Redrove 4 letters of 1200 examined, 1 refused.",
    expect.stringContaining("within about 5 minutes"),
  ]);
});

test("a replay is followed to its end, and its failure is an error", async () => {
  const states = ["starting", "running", "running", "failed"];
  const replay = () => ({ ...replayed, status: states[requests.length - 1], reason: "gone" });
  answer = {
    status: 200,
    get body() {
      return JSON.stringify(replay());
    },
  };
  const { code, printed, errors } = await ops(["replay", "MarkPaid", "--from", "1h", "--event", "payment.captured"]);
  expect(JSON.parse(requests[0]!.body)).toEqual({
    subscriber: "MarkPaid",
    from: "2026-03-08T11:00:00.000Z",
    to: "2026-03-08T12:00:00.000Z",
    filter: { event: "payment.captured" },
  });
  expect(requests.length).toBe(4);
  expect(printed.split("\n").map((line) => line.split("  ").at(-1))).toEqual(["starting", "running", "failed"]);
  expect({ code, errors }).toEqual({ code: 1, errors: "The replay rpl_1 is failed: gone." });
  requests = [];
  expect(await ops(["replay", "MarkPaid", "--from", "1h", "--no-wait"])).toMatchObject({ code: 0 });
  expect(requests.length).toBe(1);
});

test("a replay that is completed is watched until nothing is still to come", async () => {
  const progress = [undefined, [0, 3, 4], [1, 6, 0], [1, 6, 0], [1, 6, 0], [1, 6, 0]];
  answer = {
    status: 200,
    get body() {
      const [handedOn, leftOut, waiting] = progress[requests.length - 1] ?? [];
      const replay = { ...replayed, status: requests.length < 2 ? "starting" : "completed" };
      return JSON.stringify({ ...replay, ...(waiting !== undefined && { progress: { handedOn, leftOut, waiting } }) });
    },
  };
  const { code, printed, errors } = await ops(["replay", "MarkPaid", "--from", "1h"]);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(printed.split("\n").map((line) => line.split("  ").at(-1))).toEqual([
    "starting",
    "sent: 0 handed on, 3 left out, 4 still to come",
    "sent: 1 handed on, 6 left out",
    "completed: 1 handed on, 6 left out",
  ]);
  expect(requests.length).toBe(progress.length);
});

test("a filter that found nothing in a queue too long to be read at once is no good news", async () => {
  const queues = {
    items: [{ subscriber: "MarkPaid", letters: 5_000, redrivesTo: "queue", events: ["payment.captured"] }],
  };
  const letters = { items: [], examined: 1_000, more: true };
  answer = {
    status: 200,
    get body() {
      return JSON.stringify(requests.length < 2 ? queues : letters);
    },
  };
  const { printed } = await ops(["dead-letters", "list", "--event", "payment.captured"]);
  expect(printed.split("\n")).toEqual(["MarkPaid", expect.stringContaining("there are more")]);
});

test("where and who may be said before the command", async () => {
  const listed = await ops(["--url", url, "--json", "dead-letters", "list"], {
    environment: { CARTWRIGHT_TOKEN: "jwt" },
  });
  expect(listed).toEqual({ code: 0, printed: answer.body, errors: "" });
  expect(requests.map(({ path }) => path)).toEqual(["/ops/dead-letters"]);
});

test("a list shows the beginning of each message, and whether it is one cause or several", async () => {
  const letter = (id: string, code: string, message: string) => ({
    ...{ id, subscriber: "MarkPaid", sentAt: "2026-03-08T11:00:00.000Z" },
    failure: { code, message, attempts: 5 },
  });
  const items = [
    letter("l1", "TypeError", "no"),
    letter("l2", "AccessDeniedException", `not authorized to ${"x".repeat(100)}`),
    letter("l3", "AccessDeniedException", "not authorized"),
  ];
  answer.body = JSON.stringify({ items, examined: 3, more: false });
  const { printed } = await ops(["dead-letters", "list", "MarkPaid"]);
  expect(printed.split("\n")[2]).toMatch(/^l2 .* not authorized to x+…$/);
  expect(printed.split("\n").at(-1)).toBe("3 letters of 3 examined: 2 AccessDeniedException, 1 TypeError");
  const person = { isTerminal: true, environment: { CARTWRIGHT_TOKEN: "jwt", NO_COLOR: "1" } };
  const told = await ops(["dead-letters", "list", "MarkPaid", "--url", url], person);
  expect(told.printed.split("\n").at(-1)).toBe(`npm run ops -- dead-letters show MarkPaid l1 --url ${url}`);
});

test("a letter is shown with the message to look for in the log, and for a person with what to do next", async () => {
  const failure = { code: "TypeError", message: "no", attempts: 5, messageId: "m1" };
  const event = { id: "evt_1", name: "payment.captured", version: 1, orderId: "ord_1" };
  const letter = { id: "l1", subscriber: "MarkPaid", event, failure, sentAt: "2026-03-08T11:00:00.000Z", body: {} };
  answer.body = JSON.stringify(letter);
  const show = ["dead-letters", "show", "MarkPaid", "l1"];
  expect((await ops(show)).printed).toMatch(/^in the log +message m1\n\n{}$/m);
  const person = await ops(show, { isTerminal: true });
  expect(person.printed).toContain("npm run ops -- timeline ord_1");
  expect(person.printed).toContain("npm run ops -- dead-letters redrive MarkPaid l1");
});

test.each([
  [{ redrivesTo: "queue", backWithinSeconds: 1_830 }, "is back in the list of MarkPaid within about 31 minutes"],
  [{ redrivesTo: "machine" }, "timelines tell"],
  [{ redrivesTo: "bus" }, "every subscriber"],
])("a redrive to %j says how to see whether it worked", async (where, outlook) => {
  const redriven = {
    subscriber: "MarkPaid",
    dryRun: false,
    examined: 1,
    matched: 1,
    redriven: 1,
    refused: [],
    more: false,
    setAside: 0,
    asOf: "2026-03-08T12:00:00.000Z",
  };
  answer.body = JSON.stringify({ ...redriven, ...where });
  const { printed } = await ops(["dead-letters", "redrive", "MarkPaid", "--all"]);
  expect(printed.split("\n")).toEqual(["Redrove 1 letter of 1 examined.", expect.stringContaining(outlook)]);
  answer.body = JSON.stringify({ ...redriven, ...where, redriven: 0 });
  expect((await ops(["dead-letters", "redrive", "MarkPaid", "--all"])).printed).toBe(
    "Redrove 0 letters of 1 examined.",
  );
});

test("--json prints the API's answers and nothing else", async () => {
  answer.body = JSON.stringify({
    items: [{ subscriber: "MarkPaid", letters: 0, redrivesTo: "queue", events: [], later: "kept" }],
  });
  expect(await ops(["dead-letters", "list", "--json"])).toEqual({ code: 0, printed: answer.body, errors: "" });
});

/** A server that takes a request as the test says, by its connection. */
async function withServer(listener: http.RequestListener, work: (at: string) => Promise<void>): Promise<void> {
  const other = http.createServer(listener);
  await new Promise<void>((resolve) => {
    other.listen(0, "127.0.0.1", resolve);
  });
  try {
    await work(`http://127.0.0.1:${(other.address() as AddressInfo).port}`);
  } finally {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  }
}

test.each<[string, http.RequestListener]>([
  ["nothing", () => {}],
  ["headers and one byte", (_, response) => response.writeHead(200).write("{")],
  ["a failure's headers and one byte", (_, response) => response.writeHead(502).write("{")],
])("a server that answers %s is not waited for for ever", async (_, listener) => {
  await withServer(listener, async (at) => {
    const { code, errors } = await ops(["dead-letters", "list", "--url", at], { answerTimeoutMs: 50 });
    expect({ code, errors }).toEqual({
      code: 1,
      errors: `no answer within 0.05 s from ${at}: it is safe to run the command again`,
    });
  });
});

test.each([200, 500])("an answer of %i that is cut off is told as that", async (status) => {
  const cutOff: http.RequestListener = (_, response) => {
    response.writeHead(status, { "content-length": "100" });
    response.write('{"items":', () => response.destroy());
  };
  await withServer(cutOff, async (at) => {
    const { code, errors } = await ops(["dead-letters", "list", "--url", at]);
    expect(code).toBe(1);
    expect(errors).toMatch(/^the answer of \S+ broke off \(.+\): it is safe to run the command again$/);
    expect((await ops(["replay", "MarkPaid", "--from", "1h", "--url", at])).errors).toContain(
      "a second replay does no harm",
    );
  });
});

const everyCommand = [
  ["health"],
  ["stuck"],
  ["reconcile"],
  ["dead-letters", "list"],
  ["dead-letters", "list", "MarkPaid"],
  ["dead-letters", "list", "--event", "payment.captured"],
  ["dead-letters", "show", "MarkPaid", "l1"],
  ["dead-letters", "redrive", "MarkPaid", "--all"],
  ["replay", "MarkPaid", "--from", "1h"],
  ["replay", "--follow", "rpl_1"],
  ["timeline", "ord_1"],
  ["needs-operator"],
  ["needs-operator", "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD"],
];
const letterWithoutBody = { id: "l1", subscriber: "MarkPaid", failure: { code: "E", message: "no" }, sentAt: "today" };

test.each([
  ...["{}", "null", "[]", '"ok"', '{"items":[{}]}', '{"items":null,"status":"ok"}', "", "<html>"],
  JSON.stringify({ items: [{ subscriber: "MarkPaid", letters: "many", redrivesTo: "queue", events: [] }] }),
  JSON.stringify(letterWithoutBody),
])("an answer of %s is not taken for this API's", async (body) => {
  answer = { status: 200, body };
  for (const argv of everyCommand) {
    for (const how of [[], ["--json"]]) {
      const told = await ops([...argv, ...how]);
      expect(told, argv.join(" ")).toEqual({
        ...{ code: 1, printed: "" },
        errors: "what answers there is not this API: check --url",
      });
    }
  }
});

test("a sign-in without a token is not this API's either", async () => {
  answer = { status: 200, body: "{}" };
  const told = await ops(["dead-letters", "list"], { environment: { CARTWRIGHT_API_URL: url } });
  expect(told).toMatchObject({ code: 1, errors: expect.stringContaining("not this API") });
  expect(requests.map(({ path }) => path)).toEqual(["/sessions"]);
});

test.each(["null", "[]", '{"code":5}', '{"code":"x","detail":{}}', ""])(
  "a failure told as %s says no more than its status",
  async (body) => {
    answer = { status: 502, body };
    const { code, errors } = await ops(["dead-letters", "list"]);
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining("the API answered 502, and not as") });
  },
);

test("a problem's control characters don't reach the terminal", async () => {
  const body = JSON.stringify({ code: "c\u001b[1m", detail: "d\u001b[2J", requestId: "r\u009b" });
  answer = { status: 400, body };
  expect((await ops(["dead-letters", "list"])).errors).toBe("c\\u001b[1m: d\\u001b[2J (request r\\u009b)");
});

test("a replay's control characters don't reach the terminal", async () => {
  answer.body = JSON.stringify({ ...replayed, id: "rpl\u001b[2J", status: "failed", reason: "no\u0007" });
  const { printed, errors } = await ops(["replay", "--follow", "rpl_1"]);
  expect(printed).toBe("rpl\\u001b[2J  to MarkPaid  failed");
  expect(errors).toBe("The replay rpl\\u001b[2J is failed: no\\u0007.");
});

/** Starts a replay, and answers the looks at it with these statuses, the last for ever. */
function answerLooks(statuses: number[], body: () => object) {
  answer = {
    get status() {
      return requests.length < 2 ? 202 : statuses[Math.min(requests.length - 2, statuses.length - 1)]!;
    },
    get body() {
      return JSON.stringify(requests.length < 2 ? replayed : body());
    },
  };
}

test("looks at a replay that fail now and then don't end the watch", async () => {
  answerLooks([502, 502, 503, 429, 200, 502, 502, 502, 502, 200], () => ({
    ...replayed,
    status: requests.length < 10 ? "running" : "cancelled",
  }));
  const { code, errors } = await ops(["replay", "MarkPaid", "--from", "1h"]);
  expect({ code, errors }).toEqual({ code: 1, errors: "The replay rpl_1 is cancelled." });
  expect(requests.filter(({ body }) => body !== "").length).toBe(1);
});

test.each([
  [502, {}, 6, "the API answered 502"],
  [503, { code: "unavailable", detail: "later" }, 6, "It is safe to watch it again."],
  [401, { code: "unauthenticated", detail: "expired" }, 2, "CARTWRIGHT_TOKEN is not accepted"],
])("a watch that ends with %i says how to go on with it", async (status, problem, sent, message) => {
  answerLooks([status], () => problem);
  const { code, errors } = await ops(["replay", "MarkPaid", "--from", "1h", "--url", url]);
  expect(code).toBe(1);
  expect(requests.length).toBe(sent);
  expect(errors).toContain(message);
  expect(errors.split("\n").at(-1)).toBe(
    `The replay goes on unwatched: npm run ops -- replay --follow rpl_1 --url ${url} watches it again.`,
  );
});

test("a watch without an answer doesn't advise to start the replay again", async () => {
  const answersOnce: http.RequestListener = (request, response) => {
    if (request.method === "POST") response.writeHead(202).end(JSON.stringify(replayed));
    else response.destroy();
  };
  await withServer(answersOnce, async (at) => {
    const { code, errors } = await ops(["replay", "MarkPaid", "--from", "1h", "--url", at]);
    expect(code).toBe(1);
    expect(errors).toMatch(/^no API answers at .*\nThe replay goes on unwatched: .* --follow rpl_1 --url \S+ watches/);
  });
  const stalls: http.RequestListener = (request, response) => {
    if (request.method === "POST") response.writeHead(202).end(JSON.stringify(replayed));
  };
  await withServer(stalls, async (at) => {
    const { errors } = await ops(["replay", "MarkPaid", "--from", "1h", "--url", at], { answerTimeoutMs: 200 });
    expect(errors).toMatch(/^no answer within .*: it is safe to watch it again\nThe replay goes on unwatched: /);
  });
});
