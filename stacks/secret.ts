import { policy, stageName } from "./stage.ts";

/** Usable, but known to everybody: for personal stages and one's own machine. */
const placeholders = {
  PaymentTokenKey: "cGxhY2Vob2xkZXItb25seS1uZXZlci1kZXBsb3llZCE=",
  SigningKey: "c2lnbmluZy1wbGFjZWhvbGRlci1uZXZlci1kZXBsb3k=",
  SandboxWebhookSecret: "placeholder-only-never-deployed",
  StripeApiKey: "none",
  StripeWebhookSecret: "none",
};

// SST would notice a missing secret too, but one at a time, and after it has begun to create resources.
if (!policy.placeholderSecrets) assertSet();

/** Seals payment tokens: 32 bytes in base64, as `openssl rand -base64 32` prints them. */
export const paymentTokenKey = secret("PaymentTokenKey");

/**
 * Signs what we give out and take back, cursors and guests' tokens: 32 bytes in base64; several, separated by commas, while
 * one is replaced.
 */
export const signingKey = secret("SigningKey");

/** Signs the webhooks of the sandbox payment provider; several, separated by commas, while one is replaced. */
export const sandboxWebhookSecret = secret("SandboxWebhookSecret");

/** Chooses the payment provider of the stage: `none` for the sandbox, or a key of Stripe's API (`sk_…` or `rk_…`). */
export const stripeApiKey = secret("StripeApiKey");

/** Of Stripe's webhook endpoint (`whsec_…`); several, separated by commas, while one is replaced. */
export const stripeWebhookSecret = secret("StripeWebhookSecret");

/** How the sandbox misbehaves: `quiet`, or words such as `seed=7 lost=0.2 late=0.5`. It is nothing to be kept secret. */
export const sandboxTrouble = new sst.Secret("SandboxTrouble", "quiet");

function secret(name: keyof typeof placeholders) {
  return new sst.Secret(name, policy.placeholderSecrets ? placeholders[name] : undefined);
}

/** The SST CLI hands the values of secrets to this program in its environment. */
function assertSet(): void {
  const missing = Object.keys(placeholders).filter((name) => process.env[`SST_SECRET_${name}`] === undefined);
  if (missing.length === 0) return;
  const commands = missing.map((name) => `  sst secret set ${name} <value> --stage ${stageName}`);
  throw new Error(
    `this stage has no placeholders for its secrets; set those that are missing:\n${commands.join("\n")}`,
  );
}
