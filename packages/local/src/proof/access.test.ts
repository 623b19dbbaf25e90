/** Nobody gets in where they don't belong: every operation of the API's description, by whoever may try. */
import { describe, expect, test } from "vitest";
import { expectDocumented, type Operation, readApi } from "./api/document.ts";
import { type Person, requestOf } from "./api/request.ts";
import { setStage } from "./api/stage.ts";
import { callers, mayCall } from "./role.ts";

const api = readApi();
const stage = setStage();

const blocked = ["unauthenticated", "staff_only"];

async function call(operation: Operation, person: Person, values: Record<string, string>) {
  const reply = await stage.cast.visit.send(requestOf(operation, person, values));
  expectDocumented(operation, reply);
  return { ...reply, code: String(reply.json?.code), requestId: String(reply.headers["x-request-id"]) };
}

function allowed({ id }: Operation): readonly string[] {
  return Object.values(mayCall).find(({ operations }) => operations.includes(id))?.by ?? [];
}

test("the table of roles names every operation once, and says of it what the routes say", () => {
  const decided = Object.entries(mayCall).flatMap(([access, { operations }]) => operations.map((id) => [id, access]));
  const described = api.map(({ id, access }) => [id, access]);
  expect(decided.map(String).sort()).toEqual(described.map(String).sort());
});

describe.each(api.map((operation) => [operation.id, operation] as const))("%s", (_, operation) => {
  test.each(callers)(
    "by %s is let in or kept out as the table says, and who is kept out changes nothing",
    async (role) => {
      const person = {
        nobody: stage.cast.nobody,
        guest: stage.cast.guest,
        customer: stage.cast.bob,
        staff: stage.cast.staff,
      }[role];
      const reply = await call(operation, person, stage.cast.belongings);
      const isIn = !blocked.includes(reply.code);
      expect(isIn, `${role}: ${reply.status} ${reply.text.slice(0, 200)}`).toBe(allowed(operation).includes(role));
      if (!isIn) expect(stage.writes.of(reply.requestId)).toEqual([]);
    },
  );
});

/** Those that name something which is somebody's. */
const personal = api.filter(
  ({ access, path }) =>
    path.includes("{") && ["optional", "guest", "customer"].includes(access) && !/^\/products/.test(path),
);

test("there are operations that name what is somebody's", () => {
  expect(personal.length).toBeGreaterThanOrEqual(13);
});

describe.each(personal.map((operation) => [operation.id, operation] as const))("%s of Ada's", (_, operation) => {
  test("is found by Ada", async () => {
    const reply = await call(operation, stage.cast.ada, stage.cast.belongings);
    // A cart that is a customer's can't be merged into it once more, and answers as it is.
    expect([404, 401], reply.text.slice(0, 200)).not.toContain(reply.status);
    expect(blocked).not.toContain(reply.code);
  });

  test("is not found by another customer, a guest or a stranger, and they change nothing", async () => {
    for (const [who, person] of Object.entries({
      bob: stage.cast.bob,
      guest: stage.cast.guest,
      nobody: stage.cast.nobody,
    })) {
      const reply = await call(operation, person, stage.cast.belongings);
      if (person.authorization?.startsWith("Bearer ") !== true && blocked.includes(reply.code)) continue;
      expect([who, reply.status], reply.text.slice(0, 200)).toEqual([who, 404]);
      expect(stage.writes.of(reply.requestId)).toEqual([]);
    }
  });
});

const ofGuests = personal.filter(({ access }) => access === "guest");

describe.each(ofGuests.map((operation) => [operation.id, operation] as const))("%s of a guest's", (_, operation) => {
  test("is not found by a customer, another guest or a stranger, and they change nothing", async () => {
    for (const [who, person] of Object.entries({
      ada: stage.cast.ada,
      guest: stage.cast.guest,
      nobody: stage.cast.nobody,
    })) {
      const reply = await call(operation, person, stage.cast.guests);
      if (person.authorization?.startsWith("Bearer ") !== true && blocked.includes(reply.code)) continue;
      expect([who, reply.status], reply.text.slice(0, 200)).toEqual([who, 404]);
      expect(stage.writes.of(reply.requestId)).toEqual([]);
    }
  });
});

test.each(["status=pending", "status=confirmed", "number=4821-0937-6215"])(
  "a customer is not shown everybody's orders by %s",
  async (query) => {
    const headers = { Authorization: stage.cast.ada.authorization! };
    const reply = await stage.cast.visit.send({ method: "GET", path: `/orders?${query}`, headers });
    expect([reply.status, reply.json?.code]).toEqual([403, "staff_only"]);
  },
);
