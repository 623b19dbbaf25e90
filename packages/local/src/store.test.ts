import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore, type Store } from "./store.ts";

const tables = ["CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"];
const bodies = (store: Store) =>
  store
    .query<{ body: string }>("SELECT body FROM note ORDER BY id")
    .all()
    .map((row) => row.body);
const insert = (store: Store, body: string) => store.query("INSERT INTO note (body) VALUES (?)").run(body);

function memory(): Store {
  const store = openStore(":memory:");
  store.migrate("note", tables);
  return store;
}

describe("the store", () => {
  it("reports changes and row ids, and reads back milliseconds exactly", () => {
    const store = memory();
    expect(insert(store, "a")).toEqual({ changes: 1, lastRowId: 1 });
    expect(insert(store, "b")).toEqual({ changes: 1, lastRowId: 2 });
    expect(store.query<{ ms: number }>("SELECT ? AS ms").get(1_767_225_600_123)).toEqual({ ms: 1_767_225_600_123 });
    expect(store.query("SELECT body FROM note WHERE id = ?").get(9)).toBeUndefined();
  });

  it("keeps nothing of a transaction that throws, whatever was nested in it", () => {
    const store = memory();
    const ran: string[] = [];
    expect(() =>
      store.transaction(() => {
        store.transaction(() => insert(store, "inner"));
        store.afterCommit(() => ran.push("never"));
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(bodies(store)).toEqual([]);
    store.transaction(() => insert(store, "next"));
    expect(bodies(store)).toEqual(["next"]);
    expect(ran).toEqual([]);
  });

  it("runs what waits for the commit after it, and at once outside a transaction", () => {
    const store = memory();
    const seen: string[][] = [];
    store.transaction(() => {
      store.afterCommit(() => seen.push(bodies(store)));
      insert(store, "a");
    });
    store.afterCommit(() => seen.push(["at once"]));
    expect(seen).toEqual([["a"], ["at once"]]);
  });

  it("applies only the migrations that are new", () => {
    const store = memory();
    insert(store, "kept");
    store.migrate("note", [...tables, "ALTER TABLE note ADD COLUMN title TEXT NOT NULL DEFAULT 'none'"]);
    expect(store.query("SELECT body, title FROM note").all()).toEqual([{ body: "kept", title: "none" }]);
    expect(() => store.migrate("note", tables)).toThrow("written by a newer version (2 migrations, this one knows 1)");
  });
});

describe("the store's file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cartwright-store-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("still holds every committed row after the writer was killed", async () => {
    const file = join(folder, "killed.db");
    const script = `
      import { openStore } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
      const store = openStore(${JSON.stringify(file)});
      store.migrate("note", ${JSON.stringify(tables)});
      for (let id = 1; id <= 100; id++) store.query("INSERT INTO note (body) VALUES (?)").run("row " + id);
      store.transaction(() => {
        store.query("INSERT INTO note (body) VALUES ('uncommitted')").run();
        process.stdout.write("written");
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });
    `;
    const writer = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
    await once(writer.stdout, "data");
    writer.kill("SIGKILL");
    await once(writer, "exit");

    const store = openStore(file);
    store.migrate("note", tables);
    expect(bodies(store)).toEqual(Array.from({ length: 100 }, (_, index) => `row ${index + 1}`));
    store.close();
  });

  it("refuses a file of a newer layout and says what to do", () => {
    const file = join(folder, "newer.db");
    const store = openStore(file);
    store.query("PRAGMA user_version = 99").get();
    store.close();
    expect(() => openStore(file)).toThrow("Update the checkout, or start afresh");
  });
});
