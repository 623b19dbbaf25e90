/** What the API's description says in words. */
import type { Access } from "../http/describe.ts";
import type { JsonSchema } from "./schema.ts";

export const introduction = `Money is in integer minor units with an ISO 4217 code. Ids have a prefix, such as \`ord_\`; products go by SKU.

- **Problems** are \`application/problem+json\` (RFC 9457) with a stable \`code\`; a bad request lists every fault at once.
- **Unknown fields** are refused, so that nobody believes in a price that we ignore.
- **Lists** take \`limit\` (at most 100) and a \`cursor\`, which is the \`nextCursor\` of the page before; it is for the same caller and the same filter.
- **\`Idempotency-Key\`** goes with every POST that moves money, stock or orders: the same key and body is done once and answered the same.
- **\`If-Match\`** goes with every change of something that has an \`ETag\`.
- **Whoever sends it wrong** is told by the same codes everywhere: \`malformed\`, \`duplicate_key\`, \`too_deep\`, \`invalid_request\` (400), \`unauthenticated\` (401), \`staff_only\` (403), \`body_too_large\` (413), \`expected_json\`, \`unsupported_encoding\` (415), \`idempotency_key_required\`, \`invalid_idempotency_key\` (400), \`idempotency_key_reused\` (422), \`precondition_required\` (428), \`invalid_if_match\` (400), \`stale_version\` (412). An operation names its own besides.
- **Too many requests** are answered 429 (\`rate_limited\`), with \`Retry-After\`. What needs a while is answered 202, with \`Location\`.
- **Somebody else's id** is not found.

What the gateway in front refuses by itself, such as a body of more than 10 MB, is JSON with a \`message\` alone.`;

/** Who may call; the security of an operation says it to programs. */
export const callerInWords: Record<Access, string> = {
  anyone: "",
  optional: "No sign-in needed; with an access token the request is that customer's.",
  guest: "For the order's customer, for its guest by their token, and for staff.",
  customer: "For whoever is signed in.",
  staff: "For staff.",
  provider: "For the payment provider, who signs what it sends.",
};

/** What stands in a path, by its first segment and its name, unless its schema says more. */
export function parameterInWords(path: string, name: string): string {
  const [, family = ""] = path.split("/");
  return parameters[`${family}.${name}`] ?? parameters[name] ?? "";
}

const parameters: Record<string, string> = {
  "carts.id": "The cart's id, such as `crt_01J9ZC5Q8MXW3VT0S6K2F4B7RD`.",
  "orders.id": "The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`.",
  "orders.returnId": "The return's id, as the order shows it.",
  "ops.id": "The letter's id, or the replay's.",
  "payments.id": "The payment's id: that of its order, with `pay_` for `ord_`.",
  "price-list.id": "The rebuild's id.",
  "users.id": "The address's id.",
  provider: "The payment provider.",
  reference: "The provider's id of a charge.",
  sku: "The SKU of a product or a variant.",
  subscriber: "Whose letters, such as `MarkPaid`.",
};

export const securitySchemes: JsonSchema = {
  accessToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "What `POST /sessions` answers, for some minutes. Staff have the group `staff` in it.",
  },
  guestToken: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "`Guest` and the `guestToken` that a guest's order was answered with. It opens that order alone.",
  },
};

export const answerHeaders: JsonSchema = {
  ETag: { description: "The version, to be sent in `If-Match` with a change.", schema: { type: "string" } },
  Location: { description: "Where to follow what was asked for.", schema: { type: "string" } },
  "Idempotent-Replayed": {
    description: "`true` when the same key has had this answer before; absent otherwise.",
    schema: { type: "string", enum: ["true"] },
  },
  "Retry-After": { description: "Seconds to wait.", schema: { type: "string" } },
  "X-Request-Id": { description: "Names the request in our logs.", schema: { type: "string" } },
};
