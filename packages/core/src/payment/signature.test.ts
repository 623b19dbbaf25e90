import { createHmac } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { ForgedWebhookError } from "./provider.ts";
import { sign, verifySignature } from "./signature.ts";

const atSeconds = 1_800_000_000;
const now = new Date(atSeconds * 1000);
const secret = "whsec_one";
const body = JSON.stringify({ id: "evt_1", customer: "Zoë" });
const signature = (by: string, timestampSeconds = atSeconds) => sign(body, by, timestampSeconds).split("v1=")[1];

function verify(header: string | undefined, signed: { body?: string; secrets?: string[] } = {}): void {
  verifySignature({
    body: signed.body ?? body,
    header,
    secrets: signed.secrets ?? [secret],
    toleranceSeconds: 300,
    now,
  });
}

describe("a signature is taken", () => {
  test("that was made as providers document it", () => {
    const hex = createHmac("sha256", secret).update(`${atSeconds}.${body}`).digest("hex");
    verify(`t=${atSeconds},v1=${hex}`);
  });

  test.each([-300, 0, 300])("%i seconds away from our time", (seconds) => {
    verify(sign(body, secret, atSeconds + seconds));
  });

  test.each([[["whsec_two", secret]], [[secret, "whsec_two"]], [["", secret]]])(
    "by any of the secrets in use: %j",
    (secrets) => {
      verify(sign(body, secret, atSeconds), { secrets });
    },
  );

  test("among others, and among other schemes", () => {
    const header = `t=${atSeconds},v1=${signature("other")},v1=${signature(secret)},v0=${signature("other")}`;
    verify(header);
    verify(header.split(",").reverse().join(","));
  });

  test("by the clock, within five minutes, when nothing else is said", () => {
    onTestFinished(setClock(() => now.getTime()));
    verifySignature({ body, header: sign(body, secret, atSeconds - 300), secrets: [secret] });
    const stale = { body, header: sign(body, secret, atSeconds - 301), secrets: [secret] };
    expect(() => verifySignature(stale)).toThrow(ForgedWebhookError);
  });
});

describe("a signature is refused", () => {
  const good = sign(body, secret, atSeconds);

  test.each<[string, string | undefined]>([
    ["that is absent", undefined],
    ["that is empty", ""],
    ["by another secret", sign(body, "other", atSeconds)],
    ["that is stale", sign(body, secret, atSeconds - 301)],
    ["from the future", sign(body, secret, atSeconds + 301)],
    ["whose time was changed", sign(body, secret, atSeconds - 900).replace(/t=\d+/, `t=${atSeconds}`)],
    ["without a time", `v1=${signature(secret)}`],
    ["with two times", `t=${atSeconds},${good}`],
    ["whose time is no number", good.replace(/t=\d+/, "t=soon")],
    ["whose time is negative", good.replace("t=", "t=-")],
    ["whose time has a fraction", good.replace(",", ".5,")],
    ["of another scheme alone", good.replace("v1=", "v0=")],
    ["that is too short", good.slice(0, -2)],
    ["that is too long", `${good}00`],
    ["that is not hexadecimal", `${good.slice(0, -1)}g`],
    ["that is hexadecimal in part, and multi-byte", `t=${atSeconds},v1=${"é".repeat(64)}`],
    ["in a header that is nothing of the kind", "Bearer token"],
    ["in a huge header", `${good},${"v1=0,".repeat(100_000)}`],
  ])("%s", (_, header) => {
    expect(() => verify(header)).toThrow(ForgedWebhookError);
  });

  test("when the body was changed", () => {
    expect(() => verify(good, { body: `${body} ` })).toThrow(ForgedWebhookError);
  });

  test.each([[[]], [[""]], [["other"]]])("when the secrets are %j", (secrets) => {
    expect(() => verify(good, { secrets })).toThrow(ForgedWebhookError);
    expect(() => verify(sign(body, "", atSeconds), { secrets })).toThrow(ForgedWebhookError);
  });

  test("without telling the body, the secret or the signature", () => {
    expect(() => verify(sign(body, "other", atSeconds))).toThrow(/^the webhook is refused: its signature is wrong$/);
  });
});
