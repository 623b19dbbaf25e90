/** The stage that is being deployed. */
import { stageOf } from "./stage.ts";

export const stageName = $app.stage;
export const stage = stageOf(stageName);

/** Web origins that may call the API. None are allowed until STOREFRONT_ORIGINS names them, comma-separated. */
export const allowedOrigins = stage.origins === "any" ? ["*"] : storefrontOrigins();

/** A verified identity of SES that confirmation codes are sent from; Cognito's own sender if none is named. */
export const senderIdentity = sesIdentity();

/** SST names what its components contain; a raw resource takes its name from here. `limit` is AWS's, in characters. */
export function physicalName(name: string, limit: number): string {
  const full = `${$app.name}-${stageName}-${name}`;
  if (full.length > limit) {
    throw new Error(`the name ${full} has ${full.length} characters, AWS takes ${limit}: choose a shorter stage name`);
  }
  return full;
}

function storefrontOrigins(): string[] {
  const origins = (process.env.STOREFRONT_ORIGINS ?? "").split(",").filter((origin) => origin !== "");
  for (const origin of origins) {
    if (!/^https:\/\/[^/*]+$/.test(origin)) {
      throw new Error(`STOREFRONT_ORIGINS: ${origin} is no origin, write for example https://shop.example.com`);
    }
  }
  return origins;
}

function sesIdentity(): string | undefined {
  const { SENDER_IDENTITY: arn } = process.env;
  if (!arn || /^arn:aws:ses:[a-z0-9-]+:\d{12}:identity\/\S+$/.test(arn)) return arn || undefined;
  throw new Error(
    `SENDER_IDENTITY: ${arn} is no identity of SES, write arn:aws:ses:<region>:<account>:identity/<domain>`,
  );
}
