/** The sandbox payment provider, which stands for somebody else's system. */
import { sandboxTrouble } from "./secret.ts";
import { sandboxTable } from "./table.ts";
import { workQueue } from "./work-queue.ts";

/** What it does later: it posts webhooks, settles refunds, is disputed. */
export const sandboxWork = workQueue("SandboxWork", { events: [] });

/** What a function needs whose calls may go to the sandbox. */
export const sandbox = [sandboxTable, sandboxWork.queue, sandboxTrouble];
