/** What a function is linked to that asks a payment provider: its own domain's table, and whichever provider it is. */
import { may } from "./access.ts";
import { stage } from "./deployment.ts";
import { mayUseSandbox, sandbox } from "./sandbox.ts";
import { stripeApiKey } from "./secret.ts";
import { paymentTable } from "./table.ts";

export const askingProvider = [paymentTable, ...sandbox, stripeApiKey];

/** Everybody who asks may have to write the ledger and the breaker's state, and does what the sandbox does. */
export const mayAskProvider = [may(paymentTable, "GetItem", "PutItem", "UpdateItem"), ...mayUseSandbox];

/**
 * What calls the provider for orders is held to a pace that it takes: what comes too fast waits in the saga's retries or in
 * a queue. The router is not, since nobody shall be refused who asks for what needs no provider.
 */
export const paced = stage.providerConcurrency;

/** A call is given four seconds; one that is lost is looked up, repeated, and looked up again. */
export const askingSeconds = 30;
