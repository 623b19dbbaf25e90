/** The sandbox payment provider, which stands for somebody else's system. */
import { may, maySend } from "./access.ts";
import { sandboxTrouble } from "./secret.ts";
import { sandboxTable } from "./table.ts";
import { workQueue } from "./work-queue.ts";

/** What it does later: it posts webhooks, settles refunds, is disputed. */
export const sandboxWork = workQueue("SandboxWork", { events: [] });

/** What a function needs whose calls may go to the sandbox. */
export const sandbox = [sandboxTable, sandboxWork.queue, sandboxTrouble];

/**
 * What its calls do on behalf of whoever makes them: it looks a charge up, moves its money, and notifies later. Whoever asks
 * may find that money has to be given back, so all of them may.
 */
export const mayUseSandbox = [may(sandboxTable, "GetItem", "UpdateItem"), maySend(sandboxWork.queue)];
