import { type Client, ProblemError } from "@cartwright/client";
import { expect, test } from "vitest";
import { processIo, UnansweredError } from "../io.ts";
import { openSession } from "./session.ts";

const problem = (status: number) => new ProblemError(status, { code: "a_code", detail: "told" });

/** A session whose clients are numbered by their sign-in. */
async function createSession({ refuse = false } = {}) {
  const slept: number[] = [];
  let signIns = 0;
  const connect = async () => {
    signIns += 1;
    if (refuse && signIns === 2) throw new UnansweredError("no API answers", undefined);
    return { signIn: signIns } as unknown as Client;
  };
  const sleep = async (ms: number) => void slept.push(ms);
  const session = await openSession(connect, processIo({ sleep }));
  return { session, slept, signIns: () => signIns };
}

const signInOf = (client: Client) => (client as unknown as { signIn: number }).signIn;

/** Work that fails in these ways, one after the other, and then tells by which sign-in it was done. */
function failing(...errors: Error[]) {
  return async (client: Client) => {
    const error = errors.shift();
    if (error) throw error;
    return signInOf(client);
  };
}

test("what may pass is tried again, after pauses", async () => {
  const { session, slept } = await createSession();
  const work = failing(problem(503), problem(429), problem(500), new UnansweredError("broke off", undefined));
  expect(await session.do(work)).toBe(1);
  expect(slept).toHaveLength(4);
});

test.each([400, 403, 404, 409, 422])("a %i is told at once", async (status) => {
  const { session, slept } = await createSession();
  await expect(session.do(failing(problem(status)))).rejects.toMatchObject({ status });
  expect(slept).toEqual([]);
});

test("an expired sign-in is made again, once for all who notice", async () => {
  const { session, signIns } = await createSession();
  const works = [1, 2, 3].map(() => session.do(failing(problem(401))));
  expect(await Promise.all(works)).toEqual([2, 2, 2]);
  expect(signIns()).toBe(2);
});

test("a sign-in that is refused twice is told", async () => {
  const { session } = await createSession();
  await expect(session.do(failing(problem(401), problem(401)))).rejects.toMatchObject({ status: 401 });
});

test("a sign-in that nobody answers is tried again as well", async () => {
  const { session, signIns } = await createSession({ refuse: true });
  expect(await session.do(failing(problem(401)))).toBe(3);
  expect(signIns()).toBe(3);
});

test("it is given up after eight tries, and told whether others fared better", async () => {
  const { session, slept } = await createSession();
  const never = () => session.do(failing(...Array.from({ length: 8 }, () => problem(503))));
  await expect(never()).rejects.toMatchObject({ name: "GivenUpError", message: "told", isAlone: false });
  expect(slept).toHaveLength(7);
  const alone = never();
  await session.do(failing());
  await expect(alone).rejects.toMatchObject({ isAlone: true });
});
