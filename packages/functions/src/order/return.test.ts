import { newId } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cups, expectOnce, mugs, type Shop, startShop } from "./test/fixture.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.stop());

const euros = (amount: number) => ({ amount, currency: "EUR" });

/** An order of which both cups are asked to be returned. */
async function createRequested(): Promise<{ id: string; path: string }> {
  const id = await shop.createSent();
  const { json } = await shop.post(`/orders/${id}/returns`, { lines: cups(2) }, shop.customer);
  return { id, path: `/orders/${id}/returns/${json.id}` };
}

describe("asking to send goods back", () => {
  const reason = " too blue ";

  test("is answered 201 with a return that is open, and the order shows it", async () => {
    const id = await shop.createSent();
    const path = `/orders/${id}/returns`;
    const answer = await expectOnce(shop, path, { lines: cups(1), reason }, { lines: cups(2), reason }, shop.customer);
    expect(answer).toMatchObject({ status: 201, json: { status: "requested", lines: cups(1), reason: "too blue" } });
    expect(answer.headers.get("Location")).toBe(`/orders/${id}`);
    expect(await shop.read(`/orders/${id}`)).toMatchObject({ status: "fulfilled", returns: [answer.json] });
  });

  test("is for the order's owner and for staff; for others there is no such order", async () => {
    const id = await shop.createSent();
    const path = `/orders/${id}/returns`;
    const stranger = await shop.post(path, { lines: cups(1) }, await shop.issuer.customer());
    const nobodys = await shop.post(`/orders/${newId("ord")}/returns`, { lines: cups(1) }, shop.customer);
    for (const answer of [stranger, nobodys]) {
      expect(answer).toMatchObject({ status: 404, json: { code: "order_not_found" } });
    }
    expect((await shop.post(path, { lines: cups(1) }, "")).status).toBe(401);
    expect((await shop.post(path, { lines: cups(1) }, shop.staff)).status).toBe(201);
    expect((await shop.post(path, { lines: cups(1) }, shop.customer)).status).toBe(201);
  });

  test("of more than was sent, or is asked for already, is 409, and says which lines", async () => {
    const id = await shop.createPaid();
    const ask = () => shop.post(`/orders/${id}/returns`, { lines: [...mugs(1), ...cups(2)] }, shop.customer);
    expect(await ask()).toMatchObject({ status: 409, json: { code: "order_not_returnable" } });
    await shop.post(`/orders/${id}/fulfilments`, { lines: cups(2) });
    expect((await ask()).json.errors).toMatchObject([{ path: "lines.0.quantity" }]);
    await shop.post(`/orders/${id}/fulfilments`, {});
    expect((await ask()).status).toBe(201);
    expect((await ask()).json.errors).toMatchObject([{ path: "lines.0.quantity" }, { path: "lines.1.quantity" }]);
  });

  test.each<[string, unknown, string[]]>([
    ["without lines", {}, ["lines"]],
    ["of no lines", { lines: [] }, ["lines"]],
    ["of nothing", { lines: cups(0) }, ["lines.0.quantity"]],
    ["with what staff decide", { lines: cups(1), restock: true, amount: euros(1) }, ["amount", "restock"]],
    ["with a note that is none", { lines: cups(1), reason: " " }, ["reason"]],
  ])("%s is 400, with paths", async (_, body, paths) => {
    const answer = await shop.post(`/orders/${newId("ord")}/returns`, body, shop.customer);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect([...new Set(answer.json.errors!.map(({ path }) => path))].sort()).toEqual(paths);
  });
});

describe("receiving what comes back", () => {
  test("is answered 200 with what is refunded, and the order is returned with the last of it", async () => {
    const { id, path } = await createRequested();
    const answer = await expectOnce(shop, `${path}/receive`, { restock: true }, { restock: false });
    expect(answer).toMatchObject({
      ...{ status: 200, json: { status: "received", received: cups(2), amount: euros(1800), restock: true } },
    });
    expect(answer.headers.get("Location")).toBe(`/orders/${id}`);
    expect(await shop.read(`/orders/${id}`)).toMatchObject({ status: "fulfilled", returns: [answer.json] });
    const { json } = await shop.post(`/orders/${id}/returns`, { lines: mugs(1) }, shop.customer);
    await shop.post(`/orders/${id}/returns/${json.id}/receive`, { restock: false });
    expect(await shop.read(`/orders/${id}`)).toMatchObject({
      status: "returned",
      returns: [{}, { amount: euros(500) }],
    });
  });

  test("takes less than was asked for, and never more", async () => {
    const { path } = await createRequested();
    const more = await shop.post(`${path}/receive`, { lines: [...cups(3), ...mugs(1)], restock: true });
    expect(more).toMatchObject({
      status: 409,
      json: { code: "return_not_receivable", errors: [{ path: "lines.0.quantity" }, { path: "lines.1.quantity" }] },
    });
    const some = await shop.post(`${path}/receive`, { lines: cups(1), restock: true });
    expect(some).toMatchObject({ status: 200, json: { lines: cups(2), received: cups(1), amount: euros(900) } });
  });

  test.each<[string, unknown, string[]]>([
    ["without saying whether they can be sold", {}, ["restock"]],
    ["of no lines", { lines: [], restock: true }, ["lines"]],
    ["with an amount", { restock: true, amount: euros(1) }, ["amount"]],
  ])("%s is 400, with paths", async (_, body, paths) => {
    const answer = await shop.post(`/orders/${newId("ord")}/returns/${newId("ret")}/receive`, body);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect(answer.json.errors!.map(({ path }) => path)).toEqual(paths);
  });
});

describe("declining a return", () => {
  test("is answered 200 with why, which the customer can read, and its goods may be asked for again", async () => {
    const { id, path } = await createRequested();
    const answer = await expectOnce(shop, `${path}/decline`, { reason: "worn" }, { reason: "late" });
    expect(answer).toMatchObject({ status: 200, json: { status: "declined", declineReason: "worn" } });
    expect(await shop.read(`/orders/${id}`)).toMatchObject({ status: "fulfilled", returns: [answer.json] });
    expect((await shop.post(`/orders/${id}/returns`, { lines: cups(2) }, shop.customer)).status).toBe(201);
  });

  test.each<[string, unknown, string[]]>([
    ["without why", {}, ["reason"]],
    ["with more than that", { reason: "worn", restock: true }, ["restock"]],
  ])("%s is 400, with paths", async (_, body, paths) => {
    const answer = await shop.post(`/orders/${newId("ord")}/returns/${newId("ret")}/decline`, body);
    expect(answer.status).toBe(400);
    expect(answer.json.errors!.map(({ path }) => path)).toEqual(paths);
  });
});

describe("settling a return", () => {
  const settlements: [string, object][] = [
    ["receive", { restock: true }],
    ["decline", { reason: "worn" }],
  ];

  test.each(settlements)("to %s it is for staff alone", async (what, body) => {
    const { path } = await createRequested();
    const theirs = await shop.post(`${path}/${what}`, body, shop.customer);
    expect(theirs).toMatchObject({ status: 403, json: { code: "staff_only" } });
    expect((await shop.post(`${path}/${what}`, body, "")).status).toBe(401);
  });

  test.each(settlements)("that there is not is 404 to %s, and of an id that is none, 400", async (what, body) => {
    const { id, path } = await createRequested();
    const other = await createRequested();
    const none = await shop.post(`/orders/${id}/returns/${newId("ret")}/${what}`, body);
    expect(none).toMatchObject({ status: 404, json: { code: "return_not_found" } });
    const elsewhere = await shop.post(path.replace(id, other.id).concat(`/${what}`), body);
    expect(elsewhere).toMatchObject({ status: 404, json: { code: "return_not_found" } });
    const nowhere = await shop.post(path.replace(id, newId("ord")).concat(`/${what}`), body);
    expect(nowhere).toMatchObject({ status: 404, json: { code: "order_not_found" } });
    const wrong = await shop.post(`/orders/${id}/returns/ret_1/${what}`, body);
    expect(wrong).toMatchObject({ status: 400, json: { errors: [{ path: "returnId" }] } });
  });

  test.each(settlements)("that was settled before is 409 to %s", async (what, body) => {
    for (const [before, with_] of settlements) {
      const { path } = await createRequested();
      await shop.post(`${path}/${before}`, with_);
      expect(await shop.post(`${path}/${what}`, body)).toMatchObject({ status: 409, json: { code: "return_settled" } });
    }
  });
});

test.each([
  ["returns", { lines: cups(1) }],
  [`returns/${newId("ret")}/receive`, { restock: true }],
  [`returns/${newId("ret")}/decline`, { reason: "worn" }],
])("%s takes a key, an id and a body", async (what, body) => {
  const path = `/orders/${newId("ord")}/${what}`;
  const keyless = await shop.post(path, body, shop.staff, {});
  expect(keyless).toMatchObject({ status: 400, json: { code: "idempotency_key_required" } });
  expect(await shop.post(`/orders/ord_1/${what}`, body)).toMatchObject({
    status: 400,
    json: { errors: [{ path: "id" }] },
  });
  for (const none of ["", "[]", "null", "{"]) expect((await shop.post(path, none)).status).toBe(400);
});
