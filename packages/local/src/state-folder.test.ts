import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { takeStateFolder } from "./state-folder.ts";
import { runChild } from "./test/child.ts";
import { temporaryFolder } from "./test/fixture.ts";

const folder = temporaryFolder();
const state = path.join(folder.path, "state");
const lock = path.join(state, "lock");

afterAll(() => folder.remove());

describe("a state folder", () => {
  it("is made, taken by one at a time, and free again after its release", () => {
    const taken = takeStateFolder(state);
    expect(() => takeStateFolder(state)).toThrow(
      expect.objectContaining({
        name: "FolderInUseError",
        message: expect.stringContaining(`in use by process ${process.pid}`),
      }),
    );
    taken.release();
    takeStateFolder(state).release();
    expect(fs.readdirSync(state)).toEqual([]);
  });

  it("isn't taken from another process that lives, and is from one that died", async () => {
    const child = runChild(
      folder.path,
      `import { takeStateFolder } from "$src/state-folder.ts";
       takeStateFolder(${JSON.stringify(state)});
       console.log("taken");
       setInterval(() => {}, 1000);`,
    );
    await child.nextLine();
    expect(() => takeStateFolder(state)).toThrow(`in use by process ${child.process.pid}`);
    child.process.kill("SIGKILL");
    await child.ended;
    takeStateFolder(state).release();
  });

  it("is taken over from a lock without a pid, and from an earlier process with our own", () => {
    for (const content of ["", "nonsense", String(process.pid)]) {
      fs.writeFileSync(lock, content);
      takeStateFolder(state).release();
    }
  });

  it("is begun anew only by who has taken it, and without touching what others wrote", () => {
    fs.writeFileSync(path.join(state, "runtime.sqlite"), "old");
    const taken = takeStateFolder(state);
    expect(() => takeStateFolder(state, { fresh: true })).toThrow("in use by process");
    expect(fs.existsSync(path.join(state, "runtime.sqlite"))).toBe(true);
    taken.release();
    takeStateFolder(state, { fresh: true }).release();
    expect(fs.readdirSync(state)).toEqual([]);

    const precious = path.join(folder.path, "precious");
    fs.mkdirSync(precious);
    fs.writeFileSync(path.join(precious, "thesis.tex"), "");
    expect(() => takeStateFolder(precious, { fresh: true })).toThrow("thesis.tex");
    expect(fs.readdirSync(precious)).toEqual(["thesis.tex"]);
  });

  it("that can't be made says which and why", () => {
    const blocked = path.join(folder.path, "file");
    fs.writeFileSync(blocked, "");
    expect(() => takeStateFolder(path.join(blocked, "below"))).toThrow(
      expect.objectContaining({ name: "StateFolderError", message: expect.stringContaining(blocked) }),
    );
  });
});
