/** Every request that the API's description gives as an example works, and is answered as the description says. */
import { expect, test } from "vitest";
import { people } from "../shop/seed.ts";
import { insider } from "./api/attack.ts";
import { expectDocumented, type Operation, readApi } from "./api/document.ts";
import { encodeBody, headersOf, requestOf } from "./api/request.ts";
import { setStage } from "./api/stage.ts";

const api = readApi();
const stage = setStage();

/** What an example is about, and what in it nobody could know beforehand. */
interface Filled {
  values?: Record<string, string>;
  body?: unknown;
  query?: string;
}

const fill: Record<string, () => Promise<Filled>> = {
  resetPassword: async () => {
    await stage.cast.visit.post("/users/password-resets", stage.cast.nobody, { email: people.customer.email });
    const confirmationCode = stage.system.local.mailbox(people.customer.email).at(-1);
    return { body: { ...people.customer, confirmationCode } };
  },
  refreshSession: async () => ({ body: await session() }),
  endSession: async () => ({ body: await session() }),
  fulfilOrder: async () => ({ values: { "orders.id": await placed("tok_ok") } }),
  requestReturn: async () => ({ values: { "orders.id": await sent() } }),
  receiveReturn: returned,
  declineReturn: returned,
  requestRefund: async () => ({ values: { "payments.id": (await placed("tok_ok")).replace("ord_", "pay_") } }),
  answerSandboxChallenge: async () => {
    const paymentId = (await placed("tok_requires_action")).replace("ord_", "pay_");
    const action = await stage.cast.visit.read(`/payments/${paymentId}/action`, stage.cast.ada);
    const { pathname, search } = new URL(String(action.url), stage.system.local.apiUrl);
    return { values: { "sandbox.reference": pathname.split("/").at(-1)! }, query: search };
  },
};

const withBody = api.filter(({ body, access }) => body && access !== "provider");

test("every request that takes a body has an example", () => {
  expect(withBody.filter(({ body }) => body!.example === undefined).map(({ id }) => id)).toEqual([]);
});

test.each(withBody.map((operation) => [operation.id, operation] as const))("%s", async (_, operation) => {
  const { values, query = "", body = operation.body!.example } = (await fill[operation.id]?.()) ?? {};
  const person = insider(operation, stage.cast);
  const request = requestOf(operation, person, { ...stage.cast.belongings, ...values });
  const path = query === "" ? request.path : request.path.split("?")[0] + query;
  const version = await versionOf(operation, path);
  const reply = await stage.cast.visit.send({
    ...request,
    path,
    headers: { ...request.headers, ...(version !== undefined && { "If-Match": version }) },
    body: encodeBody(operation.body!.mediaType, body),
  });
  expectDocumented(operation, reply);
  expect(reply.status, reply.text).toBeLessThan(300);
});

/** Of what is changed; a line's is that of its cart. */
async function versionOf(operation: Operation, path: string): Promise<string | undefined> {
  if (!operation.parameters.some(({ name }) => name === "If-Match")) return undefined;
  const person = insider(operation, stage.cast);
  const whole = path.replace(/\/lines\/.*$/, "");
  return (await stage.cast.visit.send({ method: "GET", path: whole, headers: headersOf(person) })).headers.etag;
}

async function session(): Promise<{ refreshToken: string }> {
  const { refreshToken } = await stage.cast.visit.post("/sessions", stage.cast.nobody, people.customer);
  return { refreshToken: String(refreshToken) };
}

async function placed(token: string): Promise<string> {
  const { example } = api.find(({ id }) => id === "placeOrder")!.body!;
  const { id } = await stage.cast.visit.post("/orders", stage.cast.ada, { ...(example as object), payment: { token } });
  await stage.system.local.idle();
  return String(id);
}

async function sent(): Promise<string> {
  const orderId = await placed("tok_ok");
  await stage.cast.visit.post(`/orders/${orderId}/fulfilments`, stage.cast.staff, {});
  return orderId;
}

async function returned(): Promise<Filled> {
  const orderId = await sent();
  const lines = [{ sku: "MUG-BLUE", quantity: 1 }];
  const { id } = await stage.cast.visit.post(`/orders/${orderId}/returns`, stage.cast.ada, { lines });
  return { values: { "orders.id": orderId, "orders.returnId": String(id) } };
}
