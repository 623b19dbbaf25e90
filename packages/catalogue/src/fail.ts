/** A mistake of the person or the definitions, told in full by its message: printed without a stack. */
export class CatalogueError extends Error {
  override name = "CatalogueError";
}
