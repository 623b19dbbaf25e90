import { User } from "@cartwright/core/user";
import { Hono } from "hono";
import * as z from "zod";
import { signedIn } from "../http/auth.ts";
import { answers, operation } from "../http/describe.ts";
import { withETag } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { ifMatch, noBody, valid } from "../http/valid.ts";

const byId = valid("param", z.object({ id: User.AddressID }));
const example = {
  label: "Home",
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB",
};
const unknownUser = ["user_not_found"];
const unknown = [...unknownUser, "address_not_found"];

/** A part of the users' router: everybody's own address book. */
export const addresses = new Hono<Env>()
  .get(
    "/users/me/addresses",
    operation({
      id: "listAddresses",
      summary: "List your addresses",
      answers: { 200: answers("All addresses, in the order in which they were added.", User.Addresses) },
      problems: { 404: unknownUser },
    }),
    signedIn(),
    async (c) => c.json(await User.listAddresses(c.get("actor").userId)),
  )
  .post(
    "/users/me/addresses",
    operation({
      id: "addAddress",
      summary: "Add an address",
      answers: { 201: answers("The address as it is kept.", User.SavedAddress, "ETag", "Location") },
      problems: { 404: unknownUser, 409: ["too_many_addresses"] },
      example,
    }),
    signedIn(),
    valid("json", User.NewAddress),
    async (c) => {
      const address = await User.addAddress(c.get("actor").userId, c.req.valid("json"), c.get("cause"));
      c.header("Location", `/users/me/addresses/${address.id}`);
      return withETag(c, address, 201);
    },
  )
  .get(
    "/users/me/addresses/:id",
    operation({
      id: "getAddress",
      summary: "Get an address",
      answers: { 200: answers("The address.", User.SavedAddress, "ETag") },
      problems: { 404: unknown },
    }),
    signedIn(),
    byId,
    async (c) => withETag(c, await User.address(c.get("actor").userId, c.req.valid("param").id)),
  )
  .put(
    "/users/me/addresses/:id",
    operation({
      id: "replaceAddress",
      summary: "Replace an address",
      answers: { 200: answers("The address as it is kept now.", User.SavedAddress, "ETag") },
      problems: { 404: unknown },
      example,
    }),
    signedIn(),
    byId,
    ifMatch(),
    valid("json", User.NewAddress),
    async (c) => {
      const expected = { id: c.req.valid("param").id, expectedVersion: c.req.valid("header")["if-match"] };
      const { userId } = c.get("actor");
      return withETag(c, await User.replaceAddress(userId, expected, c.req.valid("json"), c.get("cause")));
    },
  )
  .delete(
    "/users/me/addresses/:id",
    operation({
      id: "removeAddress",
      summary: "Remove an address",
      answers: { 204: answers("There is no such address any more.") },
      problems: { 404: unknown },
    }),
    signedIn(),
    byId,
    ifMatch(),
    noBody(),
    async (c) => {
      const expected = { id: c.req.valid("param").id, expectedVersion: c.req.valid("header")["if-match"] };
      await User.removeAddress(c.get("actor").userId, expected, c.get("cause"));
      return c.body(null, 204);
    },
  );
