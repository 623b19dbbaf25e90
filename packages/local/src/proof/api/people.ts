/** People who call the API, and what is theirs. */
import { people, shippingAddress } from "../../shop/seed.ts";
import type { System } from "../../test/system.ts";
import type { Person } from "./request.ts";
import { createVisit, newEmail, type Visit } from "./visit.ts";

export interface Cast {
  visit: Visit;
  nobody: Person;
  /** By the token of an order that is nobody else's. */
  guest: Person;
  ada: Person;
  bob: Person;
  staff: Person;
  /** Of the second page of Ada's orders, when a page has one. */
  cursor: string;
  /** What is a guest's, of whom nobody in here has the token. */
  guests: Record<string, string>;
  /** What is Ada's, or the shop's, by the first segment of the path and the parameter's name. */
  belongings: Record<string, string>;
}

const password = "Correct-horse-1";

export async function assemble(system: System): Promise<Cast> {
  const visit = createVisit(system);
  const [ada, bob] = [await signUp(system, visit, "ada"), await signUp(system, visit, "bob")];
  const { person: staff } = await visit.signIn(people.staff.email, people.staff.password);
  const order = { lines: [{ sku: "MUG-BLUE", quantity: 2 }], shippingAddress, payment: { token: "tok_ok" } };

  const [sent, waiting] = [
    await visit.post("/orders", ada, order),
    await visit.post("/orders", ada, { ...order, payment: { token: "tok_requires_action" } }),
  ];
  await system.local.idle();
  await visit.post(`/orders/${sent.id}/fulfilments`, staff, {});
  const returned = await visit.post(`/orders/${sent.id}/returns`, ada, { lines: [{ sku: "MUG-BLUE", quantity: 1 }] });
  const cart = await visit.post("/carts", ada);
  const { name, ...place } = shippingAddress;
  const address = await visit.post("/users/me/addresses", ada, { name, ...place });
  const guests = await visit.post("/orders", {}, order);
  const stranger = await visit.post("/orders", {}, { ...order, payment: { token: "tok_requires_action" } });
  const rebuild = await visit.post("/price-list/rebuilds", staff);
  const replay = await visit.post("/ops/replays", staff, {
    ...{ subscriber: "MarkPaid", from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:01:00Z" },
  });
  const paymentId = String(waiting.id).replace("ord_", "pay_");
  const action = await visit.read(`/payments/${paymentId}/action`, ada);
  const page = await visit.read("/orders?limit=1", ada);
  await system.local.idle();
  return {
    visit,
    cursor: String(page.nextCursor),
    nobody: {},
    guest: { authorization: `Guest ${guests.guestToken}` },
    ...{ ada, bob, staff },
    guests: {
      "orders.id": String(stranger.id),
      "orders.returnId": String(returned.id),
      "payments.id": String(stranger.id).replace("ord_", "pay_"),
    },
    belongings: {
      "orders.id": String(sent.id),
      "orders.returnId": String(returned.id),
      "payments.id": paymentId,
      "carts.id": String(cart.id),
      "carts.sku": "MUG-BLUE",
      "users.id": String(address.id),
      "products.sku": "MUG-BLUE",
      "price-list.id": String(rebuild.id),
      "ops.subscriber": "MarkPaid",
      "ops.id": String(replay.id),
      "sandbox.reference": new URL(String(action.url), system.local.apiUrl).pathname.split("/").at(-1)!,
      "webhooks.provider": "sandbox",
    },
  };
}

async function signUp(system: System, visit: Visit, who: string): Promise<Person> {
  const email = newEmail(who);
  await visit.post("/users", {}, { email, password });
  const [confirmationCode] = system.local.mailbox(email);
  return (await visit.signIn(email, password, confirmationCode)).person;
}
