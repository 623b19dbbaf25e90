/** Tells what changed between two JSON values, one line for each place, in the order of their paths. */
export function differences(before: unknown, after: unknown): string[] {
  const old = leaves(before);
  const fresh = leaves(after);
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return paths.flatMap((path) => {
    const [was, is] = [old.get(path), fresh.get(path)];
    if (was === is) return [];
    if (was === undefined) return [`+ ${path}: ${is}`];
    if (is === undefined) return [`- ${path}: ${was}`];
    return [`~ ${path}: ${was} is now ${is}`];
  });
}

function leaves(value: unknown, path = "", found = new Map<string, string>()): Map<string, string> {
  const entries = value !== null && typeof value === "object" ? Object.entries(value) : [];
  if (entries.length === 0) {
    if (path !== "") found.set(path, JSON.stringify(value));
    return found;
  }
  for (const [key, entry] of entries) leaves(entry, path === "" ? key : `${path}.${key}`, found);
  return found;
}
