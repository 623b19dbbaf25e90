import * as z from "zod";

/** What is known of a failure, beside the message that failed. Times are ISO 8601. */
export const DeadLetterFailure = z.object({
  /** The error's name, such as `EventTooNewError`. */
  code: z.string(),
  message: z.string(),
  /** How often it was tried, in all. */
  attempts: z.int().positive().optional(),
  firstAt: z.string().optional(),
  lastAt: z.string().optional(),
  /** Of the message that failed, by which its log lines are found. */
  messageId: z.string().optional(),
});
export type DeadLetterFailure = z.infer<typeof DeadLetterFailure>;

/** A message attribute, as SQS spells it. */
interface Attribute {
  DataType: "String";
  StringValue: string;
}

/** Longer texts help nobody; all attributes of a message share its size with the body. */
const maximumMessageCharacters = 2000;
const maximumCodeCharacters = 100;

/**
 * A failure as message attributes of a dead letter. The names of code and message are those that EventBridge gives to
 * what it could not deliver, so that all dead letters read alike.
 */
export function toAttributes({
  code,
  message,
  attempts,
  firstAt,
  lastAt,
  messageId,
}: DeadLetterFailure): Record<string, Attribute> {
  const texts = {
    ERROR_CODE: sendable(code, maximumCodeCharacters) || "Error",
    ERROR_MESSAGE: sendable(message, maximumMessageCharacters) || "no message",
    ATTEMPTS: attempts?.toString(),
    FIRST_ATTEMPT_AT: firstAt,
    LAST_ATTEMPT_AT: lastAt,
    MESSAGE_ID: messageId,
  };
  const named = Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(named.map(([name, text]) => [name, { DataType: "String", StringValue: text }]));
}

/** The failure that a dead letter's attributes tell of, ours or EventBridge's; `undefined` when SQS itself gave up. */
export function fromAttributes(
  attributes: Record<string, { StringValue?: string | undefined }>,
): DeadLetterFailure | undefined {
  const text = (name: string) => attributes[name]?.StringValue;
  const code = text("ERROR_CODE");
  if (code === undefined) return undefined;
  // EventBridge counts what came after the first try.
  const retries = text("RETRY_ATTEMPTS");
  const attempts = Number(text("ATTEMPTS") ?? (retries === undefined ? Number.NaN : Number(retries) + 1));
  const [firstAt, lastAt, messageId] = [text("FIRST_ATTEMPT_AT"), text("LAST_ATTEMPT_AT"), text("MESSAGE_ID")];
  return {
    code,
    message: text("ERROR_MESSAGE") ?? "",
    ...(Number.isSafeInteger(attempts) && attempts > 0 && { attempts }),
    ...(firstAt && { firstAt }),
    ...(lastAt && { lastAt }),
    ...(messageId && { messageId }),
  };
}

/** SQS takes the characters that XML 1.0 allows and refuses the whole message for any other one. */
function sendable(text: string, maximumCharacters: number): string {
  return text
    .slice(0, maximumCharacters)
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
}
