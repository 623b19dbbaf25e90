/** How dead letters are told in tables. */
import type { Client } from "@cartwright/client";
import { shortened, visible } from "./text.ts";

export type Letters = Awaited<ReturnType<Client["ops"]["deadLetters"]["of"]>>;
export type Letter = Letters["items"][number];

/** What fits beside the other columns; dead-letters show prints all of it. */
const messageCharacters = 60;

export const beginningOf = (message: string) => shortened(message, messageCharacters);

/** Whether it is one cause or several, the most frequent first. */
export function codesOf(letters: Letter[]): string {
  const counts = new Map<string, number>();
  for (const { failure } of letters) counts.set(failure.code, (counts.get(failure.code) ?? 0) + 1);
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return sorted.map(([code, amount]) => `${amount} ${visible(code)}`).join(", ");
}

export const seconds = (time: string | undefined) => time?.replace(/\.\d+Z$/, "Z");
