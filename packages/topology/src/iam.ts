/**
 * A pattern of IAM for actions and for resources. `?` is any character but a colon. `*` stays within its part of an ARN,
 * unless it ends the part: then it reaches as far as it has to.
 */
export function iamPattern(text: string, flags: "" | "i" = ""): RegExp {
  const source = text.replace(/(\*(?=:|$))|(\*)|(\?)|[.+^${}()|[\]\\]/g, (character, ending, star, mark) => {
    if (ending) return ".*";
    if (star) return "[^:]*";
    return mark ? "[^:]" : `\\${character}`;
  });
  return new RegExp(`^${source}$`, flags);
}

/** Each action on each resource that a statement names. */
export function permissionsIn({ Action, Resource }: Record<string, unknown>): { action: string; resource: string }[] {
  return texts(Resource).flatMap((resource) => texts(Action).map((action) => ({ action, resource })));
}

/** Where IAM takes one text, or several. */
export function texts(value: unknown): string[] {
  return [value ?? []].flat() as string[];
}
