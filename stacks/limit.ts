import { stage } from "./deployment.ts";

/** How often, within a minute unless it is said. Whoever has not signed in is known by their address, which others share. */
const limits = {
  /** All that a caller who has not signed in asks for. */
  guest: 300,
  customer: 600,
  /** An import of products is one member of staff. */
  staff: 6_000,
  /** Sign-ups, sign-ins and resets of passwords, whoever they are for, from one address. */
  guess: 30,
  /** Each of them for one email, or with one refresh token, from one address. */
  guessOfOne: 10,
  /** As `guessOfOne`, from all addresses together: so that few strangers can't keep somebody out. */
  guessOfOneAnywhere: 60,
  /** Emails to one address. */
  emailsToOnePerHour: 5,
  /** Orders without an account, from one address. */
  guestOrder: 20,
};

export const callerLimits = new sst.Linkable("CallerLimits", {
  properties: Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [name, limit * stage.callerLimitFactor]),
  ) as typeof limits,
});
