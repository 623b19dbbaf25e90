/** A mistake of the person or the stacks, told in full by its message: printed without a stack. */
export class TopologyError extends Error {
  override name = "TopologyError";
}
