import { randomBytes } from "node:crypto";

const shape = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Whether this is a `traceparent` of W3C Trace Context, level 1, version 00. */
export function isTraceparent(text: string | undefined): text is string {
  return text !== undefined && shape.test(text);
}

/** A trace begins here: nobody who calls us has begun one. It is sampled. */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;
}

/** The same trace in the spelling of X-Ray, which EventBridge hands on to its targets. */
export function toTraceHeader(traceparent: string): string {
  const [, trace = "", parent = "", flags = "00"] = traceparent.split("-");
  const sampled = Number.parseInt(flags, 16) & 1;
  return `Root=1-${trace.slice(0, 8)}-${trace.slice(8)};Parent=${parent};Sampled=${sampled}`;
}
