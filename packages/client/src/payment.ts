import type { Caller, CallOptions, KeyedOptions } from "./call.ts";
import { keyed } from "./keyed.ts";
import type { Body } from "./request.ts";

export const paymentCalls = (call: Caller, baseUrl: string) => ({
  get: (id: string, options?: CallOptions) => call("getPayment", { params: { id } }, options),
  /** How the customer confirms a payment that is `action_required`: a page to go to, or a secret for a script. */
  action: async (id: string, options?: CallOptions) => {
    const { url, ...more } = await call("getPaymentAction", { params: { id } }, options);
    return { ...more, ...(url !== undefined && { url: new URL(url, baseUrl).href }) };
  },
  /** For staff: refunds `amount`, or all that is left; the payment shows what becomes of it. */
  refund: (id: string, body: Body<"requestRefund">, options?: string | KeyedOptions) =>
    call("requestRefund", { params: { id }, body }, keyed(options)),
});
