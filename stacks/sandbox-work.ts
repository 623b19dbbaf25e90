import { api } from "./api.ts";
import { mayUseSandbox, sandbox, sandboxWork } from "./sandbox.ts";
import { sandboxWebhookSecret } from "./secret.ts";
import { workOff } from "./work-queue.ts";

workOff(sandboxWork, {
  handler: "packages/functions/src/sandbox/work.handler",
  link: [...sandbox, sandboxWebhookSecret, api],
  permissions: mayUseSandbox,
});
