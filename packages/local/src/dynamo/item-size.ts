/** By docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html. */

/** Attributes as requests hold them, such as `{ sku: { S: "MUG" } }`. */
export type Item = Record<string, unknown>;

export function bytesOfItem(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + bytesOfValue(value), 0);
}

function bytesOfValue(attribute: unknown): number {
  const [type, value] = Object.entries((attribute ?? {}) as Item)[0] ?? [];
  switch (type) {
    case "S":
      return Buffer.byteLength(String(value));
    case "N":
      return Math.ceil(String(value).length / 2) + 1;
    case "B":
      return Buffer.byteLength(String(value), "base64");
    case "SS":
    case "NS":
    case "BS":
      return listOf(value).reduce<number>((sum, one) => sum + bytesOfValue({ [type[0]!]: one }), 0);
    case "L":
      return listOf(value).reduce<number>((sum, one) => sum + 1 + bytesOfValue(one), 3);
    case "M":
      return 3 + Object.keys(value ?? {}).length + bytesOfItem((value ?? {}) as Item);
    default:
      return 1;
  }
}

/** What is no list, the engine refuses. */
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
