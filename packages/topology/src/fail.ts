/** A mistake of the person or the stacks, told in full by its message: printed without a stack. */
export class TopologyError extends Error {
  override name = "TopologyError";
}

/** Of `parseArgs`, about an option that there is not. */
export function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
