import type { payments } from "@cartwright/functions";
import type { hc } from "hono/client";
import { answer, type Body, keyed, newKey } from "./call.ts";

type Api = ReturnType<typeof hc<typeof payments>>;
type OnePayment = Api["payments"][":id"];

export const paymentCalls = (api: Api, baseUrl: string) => {
  const one = api.payments[":id"];
  return {
    get: (id: string) => answer(one.$get({ param: { id } })),
    /** How the customer confirms a payment that is `action_required`: a page to go to, or a secret for a script. */
    action: async (id: string) => {
      const { url, ...more } = await answer(one.action.$get({ param: { id } }));
      return { ...more, ...(url !== undefined && { url: new URL(url, baseUrl).href }) };
    },
    /** For staff: refunds `amount`, or all that is left; the payment shows what becomes of it. */
    refund: (id: string, json: Body<OnePayment["refunds"]["$post"]>, idempotencyKey = newKey()) =>
      answer(one.refunds.$post({ param: { id }, json, header: keyed(idempotencyKey) })),
  };
};
