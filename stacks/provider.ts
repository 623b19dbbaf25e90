/** What a function is linked to that asks a payment provider: its own domain's table, and whichever provider it is. */
import { sandbox } from "./sandbox.ts";
import { stripeApiKey } from "./secret.ts";
import { paymentTable } from "./table.ts";

export const askingProvider = [paymentTable, ...sandbox, stripeApiKey];

/** A call is given four seconds; one that is lost is looked up, repeated, and looked up again. */
export const askingSeconds = 30;
