import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** The `passwordPolicy` of the stacks' user pool. */
const minimumLength = 12;

const rules: [isMet: (password: string) => boolean, complaint: string][] = [
  [(password) => password.length >= minimumLength, "Password not long enough"],
  [(password) => /[a-z]/.test(password), "Password must have lowercase characters"],
  [(password) => /[A-Z]/.test(password), "Password must have uppercase characters"],
  [(password) => /[0-9]/.test(password), "Password must have numeric characters"],
];

/** What is wrong with a new password, in Cognito's words. */
export function passwordComplaint(password: string): string | undefined {
  const broken = rules.find(([isMet]) => !isMet(password));
  return broken && `Password did not conform with policy: ${broken[1]}`;
}

/** Salted scrypt; the password itself is never kept. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `${salt.toString("base64url")}.${key.toString("base64url")}`;
}

export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [salt = "", key = ""] = hash.split(".");
  const expected = Buffer.from(key, "base64url");
  const actual = await derive(password, Buffer.from(salt, "base64url"));
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

const cost: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 };

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
