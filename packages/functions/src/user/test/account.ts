/** Accounts of an identity provider that behaves as Cognito does, and emails to this machine. */
import type { Problem } from "../../http/problem.ts";
import { users } from "../../user.ts";

export const password = "Correct-horse-1";

export const anEmail = () => `${crypto.randomUUID()}@example.com`;

/** The codes that were emailed to somebody, the newest first. */
export async function codesFor(email: string): Promise<string[]> {
  const endpoint = process.env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER;
  const response = await fetch(`${endpoint}/_local/mail?to=${encodeURIComponent(email)}`);
  const mails = (await response.json()) as { text: string }[];
  return mails.flatMap(({ text }) => text.match(/\d{6}/g) ?? []);
}

type Json = Record<string, unknown> & Pick<Problem, "code" | "detail" | "errors">;

interface Sent {
  token?: string;
  version?: number;
  body?: unknown;
}

export async function ask(method: string, path: string, { token, version, body }: Sent = {}) {
  const response = await users.request(path, {
    method,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(version !== undefined && { "If-Match": `"${version}"` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = (text === "" ? {} : JSON.parse(text)) as Json;
  return { status: response.status, headers: response.headers, text, json };
}

export const register = (email: string, given = password) =>
  ask("POST", "/users", { body: { email, password: given } });

export const signIn = (email: string, given = password, confirmationCode?: string) =>
  ask("POST", "/sessions", { body: { email, password: given, ...(confirmationCode && { confirmationCode }) } });

export const askForReset = (email: string) => ask("POST", "/users/password-resets", { body: { email } });

export const resetPassword = (email: string, given: string, confirmationCode: string) =>
  ask("POST", "/users/password-resets/complete", { body: { email, confirmationCode, password: given } });

export interface Account {
  email: string;
  token: string;
  refreshToken: string;
}

/** Registered, confirmed, and signed in. */
export async function createAccount(email = anEmail()): Promise<Account> {
  await register(email);
  const [code] = await codesFor(email);
  const { json } = await signIn(email, password, code);
  return { email, token: String(json.accessToken), refreshToken: String(json.refreshToken) };
}
