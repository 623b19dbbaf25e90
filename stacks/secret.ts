import { stage, stageName } from "./deployment.ts";
import { paymentKeyFault } from "./stage.ts";

/** Usable, but known to everybody: for personal stages and one's own machine. */
const known = {
  PaymentTokenKey: "cGxhY2Vob2xkZXItb25seS1uZXZlci1kZXBsb3llZCE=",
  SigningKey: "c2lnbmluZy1wbGFjZWhvbGRlci1uZXZlci1kZXBsb3k=",
  SandboxWebhookSecret: "placeholder-only-never-deployed",
};

/** Without Stripe, the sandbox is asked. */
const placeholders = { ...known, StripeApiKey: "none", StripeWebhookSecret: "none" };

if (stage.secrets === "required") assertSet();
assertPaymentKey();

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
  return new sst.Secret(name, stage.secrets === "placeholders" ? placeholders[name] : undefined);
}

/**
 * SST would notice a missing secret too, but one at a time, and after it has begun to create resources. Its CLI hands the
 * values of secrets to this program in its environment.
 */
function assertSet(): void {
  const missing = Object.keys(placeholders).filter((name) => partsOf(name).every((part) => part === ""));
  const everybodys = Object.entries(known).flatMap(([name, value]) => (partsOf(name).includes(value) ? name : []));
  const commands = [...missing, ...everybodys].map((name) => `  sst secret set ${name} <value> --stage ${stageName}`);
  if (commands.length === 0) return;
  throw new Error(
    `${stageName} has no placeholders for its secrets; set those that are missing, or are what everybody knows:\n${commands.join("\n")}`,
  );
}

function assertPaymentKey(): void {
  const fault = paymentKeyFault(stage, secretOf("StripeApiKey") ?? placeholders.StripeApiKey);
  if (fault) throw new Error(`StripeApiKey: ${stageName} ${fault}`);
  if (stage.payments === "live" && partsOf("StripeWebhookSecret").includes(placeholders.StripeWebhookSecret)) {
    throw new Error(
      `StripeWebhookSecret: ${stageName} would refuse every webhook, and learn late what becomes of payments; set whsec_…`,
    );
  }
}

/** Some secrets are several, and what is piped into the CLI may end with a line of its own. */
function partsOf(name: string): string[] {
  return (secretOf(name) ?? "").split(",").map((part) => part.trim());
}

function secretOf(name: string): string | undefined {
  return process.env[`SST_SECRET_${name}`];
}
