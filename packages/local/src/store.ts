import Database from "libsql";

/** A value SQLite stores. Times are milliseconds, structures are JSON text. */
export type SqlValue = string | number | null;

export interface Query<Row> {
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
  /** Number of rows changed, and the row id of the last insert. */
  run(...values: SqlValue[]): { changes: number; lastRowId: number };
}

/**
 * The runtime's own durable state: one SQLite file, used synchronously, so that what one turn of the event loop does
 * in a transaction happens whole or not at all. A committed transaction survives a killed process.
 */
export interface Store {
  /** Brings a module's tables up to date. Released statements never change: append new ones. */
  migrate(module: string, statements: readonly string[]): void;
  /** The row type is the module's promise about its own columns. */
  query<Row = never>(sql: string): Query<Row>;
  /** Nested calls join the outer transaction; a throw rolls all of it back. */
  transaction<T>(work: () => T): T;
  /** Runs once the current transaction is durable, at once when there is none. Dropped on rollback. */
  afterCommit(run: () => void): void;
  close(): void;
}

export class StoreError extends Error {
  override name = "StoreError";
}

/** Version of the store's own bookkeeping, in the file's user_version. */
const layoutVersion = 1;

/** Opens or creates the file; ":memory:" for tests. */
export function openStore(path: string): Store {
  const database = open(path);
  const queries = new Map<string, Query<unknown>>();
  let depth = 0;
  let committed: (() => void)[] = [];

  function query<Row>(sql: string): Query<Row> {
    const known = queries.get(sql);
    if (known) return known as Query<Row>;
    const prepared = prepare<Row>(database, sql);
    queries.set(sql, prepared as Query<unknown>);
    return prepared;
  }

  function transaction<T>(work: () => T): T {
    if (depth > 0) return work();
    database.exec("BEGIN IMMEDIATE");
    depth++;
    let result: T;
    try {
      result = work();
      database.exec("COMMIT");
    } catch (cause) {
      committed = [];
      if (database.inTransaction) database.exec("ROLLBACK");
      throw cause;
    } finally {
      depth--;
    }
    const runs = committed;
    committed = [];
    for (const run of runs) run();
    return result;
  }

  return {
    migrate: (module, statements) => transaction(() => migrate(database, query, module, statements)),
    query,
    transaction,
    afterCommit(run) {
      if (depth === 0) run();
      else committed.push(run);
    },
    close: () => database.close(),
  };
}

function open(path: string): Database.Database {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  // In WAL mode NORMAL loses nothing when a process dies, only possibly the last commits when the machine does.
  database.pragma("synchronous = NORMAL");
  database.pragma("busy_timeout = 5000");
  const version = Number((database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version);
  if (version > layoutVersion) {
    database.close();
    throw new StoreError(
      `${path} was written by a newer version (layout ${version}, this one knows ${layoutVersion}). ` +
        "Update the checkout, or start afresh with an empty state folder.",
    );
  }
  if (version < layoutVersion) {
    database.exec("CREATE TABLE IF NOT EXISTS migration (module TEXT PRIMARY KEY, applied INTEGER NOT NULL)");
    database.pragma(`user_version = ${layoutVersion}`);
  }
  return database;
}

function migrate(
  database: Database.Database,
  query: <Row>(sql: string) => Query<Row>,
  module: string,
  statements: readonly string[],
): void {
  const row = query<{ applied: number }>("SELECT applied FROM migration WHERE module = ?").get(module);
  const applied = row?.applied ?? 0;
  if (applied > statements.length) {
    throw new StoreError(
      `The tables of "${module}" were written by a newer version (${applied} migrations, this one knows ` +
        `${statements.length}). Update the checkout, or start afresh with an empty state folder.`,
    );
  }
  for (const statement of statements.slice(applied)) database.exec(statement);
  query("INSERT INTO migration VALUES (?, ?) ON CONFLICT (module) DO UPDATE SET applied = excluded.applied").run(
    module,
    statements.length,
  );
}

function prepare<Row>(database: Database.Database, sql: string): Query<Row> {
  const statement = database.prepare<SqlValue[]>(sql);
  return {
    // The driver's own get() adds a column of its making, and leaves the statement open.
    get: (...values) => statement.all(...values)[0] as Row | undefined,
    all: (...values) => statement.all(...values) as Row[],
    run(...values) {
      const { changes, lastInsertRowid } = statement.run(...values);
      return { changes, lastRowId: Number(lastInsertRowid) };
    },
  };
}
