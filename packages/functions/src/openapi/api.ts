/** All domains of the API, and the document that is made of them. */
import { inventory } from "../inventory.ts";
import { ops } from "../ops.ts";
import { orders } from "../order.ts";
import { payments } from "../payment.ts";
import { users } from "../user.ts";
import { type Document, documentOf } from "./document.ts";
import { nameSchemas } from "./name.ts";

export const domains = {
  user: { router: users, description: "Accounts, sessions, and what people tell of themselves." },
  inventory: { router: inventory, description: "What is for sale, and what is there of it." },
  order: { router: orders, description: "Carts, orders and their whole life." },
  payment: { router: payments, description: "What was authorized, captured and refunded." },
  ops: { router: ops, description: "What failed for good, and how it is tried again." },
};

/** As `packages/functions/openapi.json` should be, from the routes as they are. */
export function describeApi(): Document {
  nameSchemas();
  return documentOf(domains);
}

/** Where it is committed, from the root of the repository. */
export const documentPath = "packages/functions/openapi.json";

export function textOf(document: Document): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
