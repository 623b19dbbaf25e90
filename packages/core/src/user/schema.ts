import { idSchema } from "@cartwright/events";
import * as z from "zod";
import { Actor } from "../actor.ts";
import { Address } from "../address.ts";
import { Text } from "../text.ts";

export const ID = idSchema("usr");

/** Cognito's usernames have 128 characters at most. */
const Email = z.string().trim().toLowerCase().pipe(z.email().max(128));

export const Credentials = z.strictObject({
  email: Email.describe("In any case: it is kept in small letters."),
  password: z.string().min(1).max(256),
});
export type Credentials = z.infer<typeof Credentials>;

const ConfirmationCode = z
  .string()
  .trim()
  .regex(/^\d{6}$/, "expected the six digits that were emailed");

export const SignIn = Credentials.extend({
  confirmationCode: ConfirmationCode.optional().describe(
    "The six digits that were emailed at registration. Needed until the account is confirmed.",
  ),
});
export type SignIn = z.infer<typeof SignIn>;

export const Registration = z.object({
  email: z.email(),
  confirmation: z.literal("emailed").describe("The same whether or not there was an account for this email."),
});
export type Registration = z.infer<typeof Registration>;

export const RequestPasswordReset = Credentials.pick({ email: true });
export type RequestPasswordReset = z.infer<typeof RequestPasswordReset>;

export const PasswordResetRequested = z.object({
  email: z.email(),
  confirmation: z.literal("emailed").describe("The same whether or not there is an account for this email."),
});
export type PasswordResetRequested = z.infer<typeof PasswordResetRequested>;

export const ResetPassword = Credentials.extend({
  password: Credentials.shape.password.describe("The new one."),
  confirmationCode: ConfirmationCode.describe("The six digits that were emailed last. Valid for an hour, and once."),
});
export type ResetPassword = z.infer<typeof ResetPassword>;

export const RefreshToken = z.strictObject({ refreshToken: z.string().min(1).max(8192) });

export const Session = z.object({
  accessToken: z.string().describe("Sent as `Authorization: Bearer …`."),
  refreshToken: z.string().describe("Gets new access tokens for thirty days, or until it is revoked."),
  expiresInSeconds: z.int().positive().describe("For how long the access token is valid."),
});
export type Session = z.infer<typeof Session>;

export const Refreshed = Session.omit({ refreshToken: true });
export type Refreshed = z.infer<typeof Refreshed>;

const Phone = z.string().regex(/^\+[1-9]\d{6,14}$/, "expected an E.164 number such as +442071234567");

export const Info = z.object({
  id: ID,
  email: z.email(),
  name: z.string().optional(),
  phone: z.string().optional(),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;

export const Me = Info.extend({ roles: Actor.shape.roles.describe("As the access token says.") });
export type Me = z.infer<typeof Me>;

export const Update = z.strictObject({
  name: Text(100).nullable().optional().describe("`null` removes it."),
  phone: Phone.nullable().optional().describe("An E.164 number such as +442071234567; `null` removes it."),
});
export type Update = z.infer<typeof Update>;

export const AddressID = idSchema("adr");

export const NewAddress = Address.extend({
  label: Text(50).optional().describe("What its owner calls it, such as Home."),
});
export type NewAddress = z.infer<typeof NewAddress>;

export const SavedAddress = z.object({ id: AddressID, ...NewAddress.shape, version: z.int() });
export type SavedAddress = z.infer<typeof SavedAddress>;

export const maximumAddresses = 20;

export const Addresses = z.object({ items: z.array(SavedAddress) });
export type Addresses = z.infer<typeof Addresses>;

const Elsewhere = z.object({
  what: z.string(),
  method: z.enum(["GET", "POST"]),
  href: z.string().describe("A path of this API."),
});

export const Export = z.object({
  exportedAt: z.iso.datetime(),
  user: Info,
  addresses: z.array(SavedAddress),
  elsewhere: z.array(Elsewhere).describe("What else is kept, each to be read with the same access token."),
});
export type Export = z.infer<typeof Export>;
