export { deleteAccount, idFromSub, sweepAccounts } from "./account.ts";
export {
  AddressNotFoundError,
  addAddress,
  address,
  listAddresses,
  removeAddress,
  replaceAddress,
  TooManyAddressesError,
} from "./address-book.ts";
export {
  BadCredentialsError,
  BadRefreshTokenError,
  TooManyAttemptsError,
  WeakPasswordError,
  WrongResetCodeError,
} from "./identity.ts";
export * as User from "./index.ts";
export { erase, fromID, takeAlong, update } from "./profile.ts";
export * from "./schema.ts";
export {
  refresh,
  register,
  requestPasswordReset,
  resetPassword,
  signIn,
  signOut,
} from "./session.ts";
export { ensure, NotFoundError } from "./store.ts";
