import { NeedsOperatorError } from "@cartwright/core/error";

/**
 * What an error tells in a log line and in a dead letter. What needs a person is told by what is wrong, not by who says
 * so.
 */
export function describe(error: unknown): { code: string; message: string } {
  if (error instanceof NeedsOperatorError) return { code: error.code, message: error.message };
  return error instanceof Error
    ? { code: error.name, message: error.message }
    : { code: "Error", message: String(error) };
}
