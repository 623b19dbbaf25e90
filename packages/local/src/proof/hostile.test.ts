/** Whatever is sent, the answer is one that the API's description promises; and what must be refused changes nothing. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Attack, attacks, withField } from "./api/attack.ts";
import type { Reply } from "./api/caller.ts";
import { expectDocumented, readApi } from "./api/document.ts";
import { setStage } from "./api/stage.ts";

const api = readApi();
const stage = setStage();

/** Before anything of ours has seen the request. */
function isGateways({ status, headers, json }: Reply): boolean {
  const isOurs = headers["x-request-id"] !== undefined;
  return !isOurs && [400, 404, 413, 431].includes(status) && (json === undefined || typeof json.message === "string");
}

/** A path that was bent until it is another one. */
const isElsewhere = ({ json }: Reply) => ["no_such_route", "method_not_allowed"].includes(String(json?.code));

const attacked = new Set<string>();
let taken = 0;

/** What is wrong with the answer to an attack, if anything is. */
async function weaknessIn({ operation, title, refused, sent }: Attack): Promise<string | undefined> {
  const reply = await stage.cast.visit.send(sent);
  attacked.add(operation.id);
  if (reply.status < 300) taken += 1;
  const tried = stage.writes.of(String(reply.headers["x-request-id"]));
  try {
    if (!isGateways(reply) && !isElsewhere(reply)) expectDocumented(operation, reply);
    if (refused) expect([reply.status >= 400 && reply.status < 500, tried], reply.text).toEqual([true, []]);
    return undefined;
  } catch (error) {
    return `${operation.id}: ${title}\n  ${sent.method} ${sent.path.slice(0, 200)}\n  ${String(sent.body).slice(0, 300)}\n  ${error}`;
  }
}

const many = 10_000 * Number(process.env.PROPERTY_RUNS ?? 1);
const atOnce = 10;
const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31);

test(`${many} hostile requests are withstood`, { timeout: 600_000 }, async () => {
  console.log(`hostile requests: PROPERTY_SEED=${seed}`);
  const drawn = fc.sample(attacks(api), { numRuns: many, seed });
  const weaknesses: string[] = [];
  const attack = async () => {
    for (let draw = drawn.pop(); draw && weaknesses.length < 20; draw = drawn.pop()) {
      const weakness = await weaknessIn(draw(stage.cast));
      if (weakness !== undefined) weaknesses.push(weakness);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, attack));
  expect(weaknesses.length, `PROPERTY_SEED=${seed}\n${weaknesses.join("\n\n")}`).toBe(0);
  // What refuses everything would withstand everything.
  expect([...attacked].sort()).toEqual(api.map(({ id }) => id).sort());
  expect(taken).toBeGreaterThan(many / 100);
  await stage.system.local.idle();
});

const wishes = {
  price: 1,
  total: { amount: 1, currency: "EUR" },
  status: "confirmed",
  userId: "usr_01J9ZC5Q8MXW3VT0S6K2F4B7RD",
};
const wished = {
  customerId: wishes.userId,
  roles: ["staff"],
  id: "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD",
  version: 7,
  paid: true,
};
const withBody = api.filter(({ body }) => body?.mediaType === "application/json" && body.example !== undefined);

test.each(withBody.map((operation) => [operation.id, operation] as const))(
  "%s lets nobody decide a price, a total, a status or whose it is, unless it is for that",
  async (_, operation) => {
    for (const [name, value] of Object.entries({ ...wishes, ...wished })) {
      const attack = withField(operation, name, value)(stage.cast);
      if (!attack.refused) continue;
      const reply = await stage.cast.visit.send(attack.sent);
      expect(reply.status, `${name}: ${reply.text}`).toBe(400);
      expect(JSON.stringify(reply.json?.errors), name).toContain(`"${name}`);
      expect(stage.writes.of(String(reply.headers["x-request-id"])), name).toEqual([]);
    }
  },
);
