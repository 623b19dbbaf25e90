import { User } from "@cartwright/core/user";
import { signedIn } from "./http/auth.ts";
import { answers, operation } from "./http/describe.ts";
import { limitCallers, limited, limitedGuesses } from "./http/limit.ts";
import { withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { ifMatch, noBody, valid } from "./http/valid.ts";
import { addresses } from "./user/address.ts";

const emailOf = ({ email }: User.RequestPasswordReset) => email;
const tokenOf = ({ refreshToken }: { refreshToken: string }) => refreshToken;
const tooMany = { 429: ["too_many_attempts"] };
const newcomer = { email: "newcomer@example.com", password: "Correct-horse-2" };
const refreshToken = "the refreshToken of a session";

export const users = router(limitCallers("user"))
  .post(
    "/users",
    operation({
      id: "registerUser",
      summary: "Register",
      description:
        "A code is emailed, which the first sign-in takes along. The answer is the same when there is an account for this email already, and then nothing is sent. Registering again before the account is confirmed replaces it, and the code.",
      answers: { 202: answers("A code was emailed, unless there is an account already.", User.Registration) },
      problems: { 400: ["weak_password", "invalid_credentials"], ...tooMany },
      example: newcomer,
    }),
    limited("guess"),
    valid("json", User.Credentials),
    limitedGuesses(emailOf),
    limited("emailsToOnePerHour", emailOf),
    async (c) => c.json(await User.register(c.req.valid("json"), c.get("cause")), 202),
  )
  .post(
    "/users/password-resets",
    operation({
      id: "requestPasswordReset",
      summary: "Ask to set a new password",
      description:
        "A code is emailed, which `resetPassword` takes. The answer is the same when there is no account for this email, or none that is confirmed, and then nothing is sent. An account that was never confirmed is registered again. Somebody who asks many times within an hour is sent no more codes for a while.",
      answers: { 202: answers("A code was emailed, if there is an account.", User.PasswordResetRequested) },
      problems: tooMany,
      example: { email: "ada@example.com" },
    }),
    limited("guess"),
    valid("json", User.RequestPasswordReset),
    limitedGuesses(emailOf),
    limited("emailsToOnePerHour", emailOf),
    async (c) => c.json(await User.requestPasswordReset(c.req.valid("json")), 202),
  )
  .post(
    "/users/password-resets/complete",
    operation({
      id: "resetPassword",
      summary: "Set a new password",
      description:
        "Takes the code that was emailed, once. A wrong code, one that has expired and an email without an account are one answer: ask for another code. All refresh tokens are revoked; access tokens are valid until they expire.",
      answers: { 204: answers("The new password holds, and all sessions have ended.") },
      problems: { 400: ["weak_password", "wrong_confirmation_code"], ...tooMany },
      example: { email: "ada@example.com", confirmationCode: "123456", password: "Correct-horse-2" },
    }),
    limited("guess"),
    valid("json", User.ResetPassword),
    limitedGuesses(emailOf),
    async (c) => {
      await User.resetPassword(c.req.valid("json"));
      return c.body(null, 204);
    },
  )
  .post(
    "/sessions",
    operation({
      id: "startSession",
      summary: "Sign in",
      description:
        "The first time, `confirmationCode` is the code that was emailed. Whatever is wrong, email, password or code, and when the code is missing or has expired, is one answer, so that it tells nobody who has an account. A code that was lost, or was wrong five times, is replaced by registering again.",
      answers: { 201: answers("Signed in.", User.Session) },
      problems: { 401: ["bad_credentials"], ...tooMany },
      example: { email: "ada@example.com", password: "Correct-horse-1" },
    }),
    limited("guess"),
    valid("json", User.SignIn),
    limitedGuesses(emailOf),
    async (c) => c.json(await User.signIn(c.req.valid("json"), c.get("cause")), 201),
  )
  .post(
    "/sessions/refresh",
    operation({
      id: "refreshSession",
      summary: "Get a new access token",
      answers: { 200: answers("A new access token. The refresh token stays as it is.", User.Refreshed) },
      problems: { 401: ["bad_refresh_token"], ...tooMany },
      example: { refreshToken },
    }),
    valid("json", User.RefreshToken),
    limitedGuesses(tokenOf),
    async (c) => c.json(await User.refresh(c.req.valid("json").refreshToken)),
  )
  .post(
    "/sessions/revoke",
    operation({
      id: "endSession",
      summary: "Sign out",
      description:
        "Revokes the refresh token. Access tokens that it has got are valid until they expire: forget them. A token that is not valid is no error (RFC 7009).",
      answers: { 204: answers("The refresh token is not valid any more.") },
      problems: tooMany,
      example: { refreshToken },
    }),
    valid("json", User.RefreshToken),
    limitedGuesses(tokenOf),
    async (c) => {
      await User.signOut(c.req.valid("json").refreshToken);
      return c.body(null, 204);
    },
  )
  .get(
    "/users/me",
    operation({
      id: "getMe",
      summary: "Get your profile",
      answers: { 200: answers("The profile.", User.Me, "ETag") },
      problems: { 404: ["user_not_found"] },
    }),
    signedIn(),
    async (c) => {
      const { userId, roles } = c.get("actor");
      return withETag(c, { ...(await User.fromID(userId)), roles });
    },
  )
  .patch(
    "/users/me",
    operation({
      id: "updateMe",
      summary: "Change your profile",
      answers: { 200: answers("The profile as it is now.", User.Me, "ETag") },
      problems: { 404: ["user_not_found"] },
      example: { name: "Ada Lovelace", phone: "+442071234567" },
    }),
    signedIn(),
    ifMatch(),
    valid("json", User.Update),
    async (c) => {
      const { userId, roles } = c.get("actor");
      const user = await User.update(userId, c.req.valid("json"), c.req.valid("header")["if-match"], c.get("cause"));
      return withETag(c, { ...user, roles });
    },
  )
  .delete(
    "/users/me",
    operation({
      id: "eraseMe",
      summary: "Close your account",
      description:
        "Erases profile and addresses at once, then the account, and from past orders whatever tells whose they were. It can't be undone. Asked for again, whatever the version, it is answered the same.",
      answers: { 204: answers("There is no such user any more.") },
      problems: { 404: ["user_not_found"] },
    }),
    signedIn(),
    ifMatch(),
    noBody(),
    async (c) => {
      await User.erase(c.get("actor").userId, c.req.valid("header")["if-match"], c.get("cause"));
      return c.body(null, 204);
    },
  )
  .get(
    "/users/me/export",
    operation({
      id: "exportMe",
      summary: "Take your data along",
      answers: { 200: answers("What is kept of you, and where to read the rest.", User.Export) },
      problems: { 404: ["user_not_found"] },
    }),
    signedIn(),
    async (c) => {
      const taken = await User.takeAlong(c.get("actor").userId);
      c.header("Content-Disposition", 'attachment; filename="my-data.json"');
      return c.json(taken);
    },
  )
  .route("/", addresses);

export const handler = serve(users);
