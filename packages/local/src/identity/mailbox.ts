import type { Clock } from "../clock.ts";
import type { Store } from "../store.ts";

export interface Mail {
  sentAt: string;
  to: string;
  subject: string;
  text: string;
}

/** What AWS would email: nothing leaves this machine. */
export interface Mailbox {
  send(mail: Omit<Mail, "sentAt">): void;
  /** All that was sent to an address, in any case of letters; the newest first. */
  to(address: string): Mail[];
}

const migrations = [
  `CREATE TABLE mail (
     id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
     sent_ms INTEGER NOT NULL
   )`,
  "CREATE INDEX mail_by_recipient ON mail (recipient)",
];

/** Older ones are forgotten. */
const maximumMails = 1000;

interface MailRow {
  recipient: string;
  subject: string;
  text: string;
  sent_ms: number;
}

export function openMailbox(store: Store, clock: Clock): Mailbox {
  store.migrate("mailbox", migrations);
  return {
    send({ to, subject, text }) {
      const { lastRowId } = store
        .query("INSERT INTO mail (recipient, subject, text, sent_ms) VALUES (?, ?, ?, ?)")
        .run(to.toLowerCase(), subject, text, clock.now());
      store.query("DELETE FROM mail WHERE id <= ?").run(lastRowId - maximumMails);
    },
    to(address) {
      const rows = store
        .query<MailRow>("SELECT recipient, subject, text, sent_ms FROM mail WHERE recipient = ? ORDER BY id DESC")
        .all(address.toLowerCase());
      return rows.map(({ recipient, subject, text, sent_ms }) => {
        return { sentAt: new Date(sent_ms).toISOString(), to: recipient, subject, text };
      });
    },
  };
}

/** What a mail asks its reader to type. */
export function codesIn({ text }: Pick<Mail, "text">): string[] {
  return text.match(/\b\d{6}\b/g) ?? [];
}
