/** What SQS refuses in a message, by its API reference: so that what is sent here could be sent there. */
import { AwsError } from "../http/aws-error.ts";
import type { MessageAttribute, OutgoingMessage } from "./queue.ts";

const maximumBytes = 1_048_576;
const maximumAttributes = 10;

/** The characters of XML 1.0, which SQS takes in bodies and in the values of attributes. */
const takenText = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Throws what SQS would answer. */
export function checkMessage(message: OutgoingMessage): void {
  const { body, attributes = {} } = message;
  if (body === "") throw new AwsError("MissingParameter", "The request must contain the parameter MessageBody.");
  if (!takenText.test(body)) {
    throw new AwsError("InvalidMessageContents", "The message body holds characters outside of the allowed set.");
  }
  const names = Object.keys(attributes);
  if (names.length > maximumAttributes) {
    throw refusal(`A message has at most ${maximumAttributes} attributes, not ${names.length}.`);
  }
  for (const [name, attribute] of Object.entries(attributes)) checkAttribute(name, attribute);
  const bytes = sizeOf(message);
  if (bytes > maximumBytes) throw refusal(`The message has ${bytes} bytes; SQS takes up to ${maximumBytes}.`);
}

function checkAttribute(name: string, { DataType, StringValue, BinaryValue }: MessageAttribute): void {
  const about = `The message attribute ${JSON.stringify(name)}`;
  if (!/^(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/i.test(name))
    throw refusal(`${about} has an invalid name.`);
  if (!/^(String|Number|Binary)(\..+)?$/.test(DataType)) {
    throw refusal(`${about} has the invalid type ${JSON.stringify(DataType)}.`);
  }
  const value = DataType.startsWith("Binary") ? BinaryValue : StringValue;
  if (!value) throw refusal(`${about} must have a value that is not empty, of the type ${DataType}.`);
  if (StringValue !== undefined && !takenText.test(StringValue)) {
    throw refusal(`${about} holds characters outside of the allowed set.`);
  }
}

function refusal(message: string): AwsError {
  return new AwsError("InvalidParameterValue", message);
}

function sizeOf({ body, attributes = {} }: OutgoingMessage): number {
  const parts = Object.entries(attributes).flatMap(([name, { DataType, StringValue = "", BinaryValue = "" }]) => [
    Buffer.byteLength(name + DataType + StringValue),
    Buffer.byteLength(BinaryValue, "base64"),
  ]);
  return parts.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(body));
}
