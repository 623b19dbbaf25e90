import type { Clock } from "../clock.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";
import type { Mailbox } from "./mailbox.ts";

/** Codes of one purpose, as Cognito emails and judges them: one of another purpose is not among them. */
export interface EmailedCodes {
  /** A new code takes the place of an earlier one. */
  send(user: Account): void;
  /** Throws what Cognito throws for a code that is not the user's. */
  check(user: Account, code: string): void;
  forget(user: Account): void;
}

export interface Codes {
  /** Confirm new users. */
  confirmation: EmailedCodes;
  /** Let users set a new password. */
  reset: EmailedCodes;
}

interface Account {
  pool: string;
  sub: string;
  email: string;
}

interface CodeRow {
  code: string;
  expires_ms: number;
  failures: number;
}

interface Purpose {
  table: string;
  lifetimeMs: number;
  mail: (code: string) => { subject: string; text: string };
}

const createTable = (table: string) =>
  `CREATE TABLE ${table} (
     pool TEXT NOT NULL, sub TEXT NOT NULL, code TEXT NOT NULL, expires_ms INTEGER NOT NULL, failures INTEGER NOT NULL,
     PRIMARY KEY (pool, sub)
   )`;

const migrations = [createTable("identity_confirmation"), createTable("identity_reset")];

const hourMs = 60 * 60 * 1000;
const maximumFailures = 5;

const confirmation: Purpose = {
  table: "identity_confirmation",
  lifetimeMs: 24 * hourMs,
  mail: (code) => ({ subject: "Your verification code", text: `Your confirmation code is ${code}` }),
};

const reset: Purpose = {
  table: "identity_reset",
  lifetimeMs: hourMs,
  mail: (code) => ({ subject: "Reset your password", text: `Your password reset code is ${code}` }),
};

export function openCodes(store: Store, clock: Clock, random: Random, mailbox: Mailbox): Codes {
  store.migrate("confirmation", migrations);
  const open = (purpose: Purpose) => openPurpose(purpose, store, clock, random, mailbox);
  return { confirmation: open(confirmation), reset: open(reset) };
}

function openPurpose(
  { table, lifetimeMs, mail }: Purpose,
  store: Store,
  clock: Clock,
  random: Random,
  mailbox: Mailbox,
): EmailedCodes {
  return {
    send({ pool, sub, email }) {
      const code = String(Math.floor(random.next() * 1_000_000)).padStart(6, "0");
      store
        .query(`INSERT OR REPLACE INTO ${table} (pool, sub, code, expires_ms, failures) VALUES (?,?,?,?,0)`)
        .run(pool, sub, code, clock.now() + lifetimeMs);
      mailbox.send({ to: email, ...mail(code) });
    },
    check({ pool, sub }, code) {
      const sent = store
        .query<CodeRow>(`SELECT code, expires_ms, failures FROM ${table} WHERE pool = ? AND sub = ?`)
        .get(pool, sub);
      if (!sent || sent.expires_ms <= clock.now()) throw expiredCode();
      if (sent.failures >= maximumFailures) {
        throw new AwsError("LimitExceededException", "Attempt limit exceeded, please try after some time.");
      }
      if (sent.code === code) return;
      store.query(`UPDATE ${table} SET failures = failures + 1 WHERE pool = ? AND sub = ?`).run(pool, sub);
      throw wrongCode();
    },
    forget({ pool, sub }) {
      store.query(`DELETE FROM ${table} WHERE pool = ? AND sub = ?`).run(pool, sub);
    },
  };
}

export function expiredCode(): AwsError {
  return new AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.");
}

export function wrongCode(): AwsError {
  return new AwsError("CodeMismatchException", "Invalid verification code provided, please try again.");
}
