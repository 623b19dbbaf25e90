import { WeakPasswordError } from "./identity.ts";

const rules: [isMet: RegExp, complaint: string][] = [
  [/^.{12,}$/su, "a password has at least 12 characters"],
  [/^\S(.*\S)?$/su, "a password has no space at either end"],
  [/[a-z]/, "a password has a small letter"],
  [/[A-Z]/, "a password has a capital letter"],
  [/[0-9]/, "a password has a digit"],
];

/**
 * Throws `WeakPasswordError` by the user pool's own policy. Were it left to the pool, whether it complains of a password or
 * of a taken email first would tell strangers who has an account.
 */
export function refuseWeak(password: string): void {
  const broken = rules.find(([isMet]) => !isMet.test(password));
  if (broken) throw new WeakPasswordError(broken[1]);
}
