import { type Envelope, newId } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { cause } from "../test/cause.ts";
import { User } from "./index.ts";
import { users } from "./user.entity.ts";

const email = "ada@example.com";
const home = {
  ...{ label: "Home", name: "Ada Lovelace", line1: "12 St James's Square" },
  ...{ city: "London", postalCode: "SW1Y 4JH", country: "GB" },
};

async function create(): Promise<string> {
  const userId = newId("usr");
  await User.ensure(userId, email, cause);
  return userId;
}

/** What is really stored, with the events of the last write. */
async function stored(userId: string) {
  const { data } = await users().get({ userId }).go({ consistent: true });
  const events = JSON.parse(data!.outbox!) as Envelope[];
  return { item: data!, events: events.map(({ name, sequence, data: told }) => ({ name, sequence, told })) };
}

describe("a user", () => {
  test("is written down once, however often they are told of at once", async () => {
    const userId = newId("usr");
    await Promise.all([1, 2, 3].map(() => User.ensure(userId, email, cause)));
    expect(await User.fromID(userId)).toMatchObject({ id: userId, email, version: 1 });
    expect((await stored(userId)).events).toEqual([{ name: "user.registered", sequence: 1, told: { userId } }]);
  });

  test("that nobody knows is not found", async () => {
    await expect(User.fromID(newId("usr"))).rejects.toMatchObject({ kind: "not_found", code: "user_not_found" });
  });
});

describe("a profile", () => {
  test("is changed part by part, and null removes a part", async () => {
    const userId = await create();
    expect(await User.update(userId, { name: "Ada" }, 1, cause)).toMatchObject({ name: "Ada", version: 2 });
    expect(await User.update(userId, { phone: "+442071234567" }, 2, cause)).toMatchObject({
      ...{ name: "Ada", phone: "+442071234567", version: 3 },
    });
    expect((await stored(userId)).events).toEqual([{ name: "user.updated", sequence: 3, told: { userId } }]);
    const changed = await User.update(userId, { name: null }, 3, cause);
    expect(changed).toEqual(await User.fromID(userId));
    expect(changed).not.toHaveProperty("name");
    expect(await User.fromID(userId)).toMatchObject({ phone: "+442071234567", version: 4 });
  });

  test("that would stay as it is, is not written", async () => {
    const userId = await create();
    await User.update(userId, { name: "Ada" }, 1, cause);
    expect(await User.update(userId, { name: "Ada", phone: null }, 2, cause)).toMatchObject({ version: 2 });
    expect(await User.update(userId, {}, 2, cause)).toMatchObject({ version: 2 });
  });

  test("is changed by one of those who have seen the same version", async () => {
    const userId = await create();
    const both = await Promise.allSettled(["Ada", "Augusta"].map((name) => User.update(userId, { name }, 1, cause)));
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(both.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "stale_version" } });
  });

  test.each(["", " ", "a\u0000b", "x".repeat(101)])("takes no name such as %j", (name) => {
    expect(User.Update.safeParse({ name }).success).toBe(false);
  });

  test.each(["442071234567", "+0442071234567", "+44 20 7123", "+4420712345671234"])(
    "takes no phone such as %s",
    (phone) => {
      expect(User.Update.safeParse({ phone }).success).toBe(false);
    },
  );
});

describe("an address book", () => {
  test("keeps addresses in their order, each with a version of its own", async () => {
    const userId = await create();
    const first = await User.addAddress(userId, home, cause);
    const second = await User.addAddress(userId, { ...home, label: "Office" }, cause);
    expect(first).toEqual({ ...home, id: expect.stringMatching(/^adr_/), version: 1 });
    const moved = await User.replaceAddress(
      userId,
      { id: first.id, expectedVersion: 1 },
      { ...home, city: "Bath" },
      cause,
    );
    expect(moved).toMatchObject({ id: first.id, city: "Bath", version: 2 });
    expect(await User.address(userId, first.id)).toEqual(moved);
    expect((await User.listAddresses(userId)).items).toEqual([moved, second]);
    await User.removeAddress(userId, { id: first.id, expectedVersion: 2 }, cause);
    expect((await User.listAddresses(userId)).items).toEqual([second]);
    await expect(User.address(userId, first.id)).rejects.toMatchObject({ code: "address_not_found" });
    expect(await User.fromID(userId)).toMatchObject({ version: 5 });
    expect((await stored(userId)).events).toEqual([{ name: "user.updated", sequence: 5, told: { userId } }]);
  });

  test("is changed by many at once, and loses none", async () => {
    const userId = await create();
    const labels = ["a", "b", "c"];
    await Promise.all(labels.map((label) => User.addAddress(userId, { ...home, label }, cause)));
    const { items } = await User.listAddresses(userId);
    expect(items.map(({ label }) => label).toSorted()).toEqual(labels);
  });

  test("changes an address for those alone who have seen it as it is", async () => {
    const userId = await create();
    const { id } = await User.addAddress(userId, home, cause);
    const stale = { id, expectedVersion: 2 };
    await expect(User.replaceAddress(userId, stale, home, cause)).rejects.toMatchObject({ code: "stale_version" });
    await expect(User.removeAddress(userId, stale, cause)).rejects.toMatchObject({ code: "stale_version" });
    const none = { id: newId("adr"), expectedVersion: 1 };
    await expect(User.removeAddress(userId, none, cause)).rejects.toMatchObject({ code: "address_not_found" });
  });

  test("has room for twenty", async () => {
    const userId = await create();
    for (let count = 0; count < 20; count++) await User.addAddress(userId, home, cause);
    await expect(User.addAddress(userId, home, cause)).rejects.toMatchObject({
      ...{ kind: "conflict", code: "too_many_addresses" },
    });
    expect((await User.listAddresses(userId)).items).toHaveLength(20);
  });

  test("is nobody else's", async () => {
    const { id } = await User.addAddress(await create(), home, cause);
    await expect(User.address(await create(), id)).rejects.toMatchObject({ code: "address_not_found" });
  });
});

describe("what a user takes along", () => {
  test("is all that this domain keeps, and where the rest is", async () => {
    const userId = await create();
    await User.update(userId, { name: "Ada" }, 1, cause);
    const address = await User.addAddress(userId, home, cause);
    const taken = await User.takeAlong(userId);
    expect(User.Export.parse(taken)).toEqual(taken);
    expect(taken).toMatchObject({ user: { id: userId, email, name: "Ada", version: 3 }, addresses: [address] });
    const { item } = await stored(userId);
    const { outbox: _, addresses, userId: id, ...rest } = item;
    expect({ ...taken.user, addresses: taken.addresses }).toEqual({ ...rest, id, addresses });
    expect(taken.elsewhere.map(({ href }) => href)).toEqual(expect.arrayContaining(["/orders", "/carts/mine"]));
  });
});

describe("a user who has closed their account", () => {
  async function erased() {
    const userId = await create();
    await User.update(userId, { name: "Ada", phone: "+442071234567" }, 1, cause);
    await User.addAddress(userId, home, cause);
    await User.erase(userId, 3, cause);
    return userId;
  }

  test("leaves nothing but that, and one event tells of it", async () => {
    const userId = await erased();
    const { item, events } = await stored(userId);
    expect(Object.keys(item).toSorted()).toEqual(["createdAt", "erasedAt", "outbox", "userId", "version"]);
    expect(events).toEqual([{ name: "user.erased", sequence: 4, told: { userId } }]);
    expect(JSON.stringify(item)).not.toMatch(/ada@|Lovelace|St James|\+44/);
  });

  test("is not found any more, for anything", async () => {
    const userId = await erased();
    const expected = { id: newId("adr"), expectedVersion: 1 };
    const attempts = await Promise.allSettled([
      User.fromID(userId),
      User.update(userId, { name: "Ada" }, 4, cause),
      User.takeAlong(userId),
      User.listAddresses(userId),
      User.addAddress(userId, home, cause),
      User.replaceAddress(userId, expected, home, cause),
      User.removeAddress(userId, expected, cause),
    ]);
    for (const attempt of attempts) expect(attempt).toMatchObject({ reason: { code: "user_not_found" } });
    expect((await stored(userId)).item.version).toBe(4);
  });

  test("is not written anew", async () => {
    const userId = await erased();
    expect(await User.ensure(userId, email, cause)).toMatchObject({ erasedAt: expect.any(String), version: 4 });
    expect((await stored(userId)).item).not.toHaveProperty("email");
  });

  test("closes it once, however often it is asked and at whatever version it was seen, but not at another at first", async () => {
    const userId = await create();
    await expect(User.erase(userId, 2, cause)).rejects.toMatchObject({ code: "stale_version" });
    const both = await Promise.allSettled([User.erase(userId, 1, cause), User.erase(userId, 1, cause)]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    for (const version of [1, 2, 7]) await User.erase(userId, version, cause);
    expect((await stored(userId)).item.version).toBe(2);
    await expect(User.erase(newId("usr"), 1, cause)).rejects.toMatchObject({ code: "user_not_found" });
  });
});
