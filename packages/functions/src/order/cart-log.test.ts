import { newId } from "@cartwright/events";
import { expect, test, vi } from "vitest";
import { listen } from "../test/log.ts";

vi.hoisted(() => {
  // Read when the logger is made: tests are silent otherwise, and on its own console it can't be listened to.
  Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "INFO", POWERTOOLS_DEV: "true" });
});

const { orders } = await import("../order.ts");

test("what a guest does with their cart is told without its id, which is all that protects it", async () => {
  const lines = listen();
  const opened = await orders.request("/carts", { method: "POST" });
  const { id } = (await opened.json()) as { id: string };
  const unknown = newId("crt");
  const headers = { "Content-Type": "application/json", "If-Match": '"1"' };
  const line = { method: "PUT", headers, body: '{"quantity":1}' };
  const paths = [`/carts/${id}`, `/carts/${unknown}`, `/carts/${id}/more`, `/carts/${id}/lines/`];
  for (const path of paths) await orders.request(path);
  await orders.request(`/carts/${id}/lines/NOWHERE`, line);
  await orders.request(`/carts/${id}/merge`, { method: "POST" });
  const told = lines.map((each) => JSON.parse(each) as { message: string; route?: string });
  expect(told.filter(({ message }) => message === "request").length).toBe(7);
  expect(told.map(({ route }) => route)).toContain("GET /carts/:id");
  expect(told.map(({ route }) => route)).toContain("PUT /carts/:id/lines/:sku");
  for (const secret of [id, unknown]) expect(lines.join("\n")).not.toContain(secret);
});
