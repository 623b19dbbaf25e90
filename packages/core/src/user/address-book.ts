/** The addresses that users keep, each with a version of its own. They live in the user's item. */
import { type Cause, newId, UserUpdated } from "@cartwright/events";
import { DomainError, StaleVersionError } from "../error.ts";
import { fact } from "../outbox.ts";
import { type Addresses, maximumAddresses, type NewAddress, type SavedAddress } from "./schema.ts";
import { change, existing } from "./store.ts";

export class AddressNotFoundError extends DomainError {
  override name = "AddressNotFoundError";
  constructor(addressId: string) {
    super("not_found", "address_not_found", `there is no address ${addressId}`);
  }
}

export class TooManyAddressesError extends DomainError {
  override name = "TooManyAddressesError";
  constructor() {
    super("conflict", "too_many_addresses", `there are ${maximumAddresses} addresses already: remove one first`);
  }
}

/** In the order in which they were added. */
export async function listAddresses(userId: string): Promise<Addresses> {
  return { items: (await existing(userId)).addresses ?? [] };
}

/** Throws `TooManyAddressesError`. */
export async function addAddress(userId: string, input: NewAddress, cause: Cause): Promise<SavedAddress> {
  const address = { ...input, id: newId("adr"), version: 1 };
  await rewrite(userId, cause, (addresses) => {
    // The write was made, and its answer lost.
    if (addresses.some(({ id }) => id === address.id)) return undefined;
    if (addresses.length >= maximumAddresses) throw new TooManyAddressesError();
    return [...addresses, address];
  });
  return address;
}

export async function address(userId: string, addressId: string): Promise<SavedAddress> {
  return find((await listAddresses(userId)).items, addressId);
}

/** Throws `StaleVersionError` unless the address is at `expectedVersion`. */
export async function replaceAddress(
  userId: string,
  { id, expectedVersion }: Expected,
  input: NewAddress,
  cause: Cause,
): Promise<SavedAddress> {
  const next = { ...input, id, version: expectedVersion + 1 };
  await rewrite(userId, cause, (addresses) => {
    refuseStale(find(addresses, id), expectedVersion);
    return addresses.map((each) => (each.id === id ? next : each));
  });
  return next;
}

/** Throws `StaleVersionError` unless the address is at `expectedVersion`. */
export async function removeAddress(userId: string, { id, expectedVersion }: Expected, cause: Cause): Promise<void> {
  await rewrite(userId, cause, (addresses) => {
    refuseStale(find(addresses, id), expectedVersion);
    return addresses.filter((each) => each.id !== id);
  });
}

interface Expected {
  id: string;
  expectedVersion: number;
}

function rewrite(userId: string, cause: Cause, edit: (addresses: SavedAddress[]) => SavedAddress[] | undefined) {
  return change(userId, cause, ({ addresses = [] }) => {
    const edited = edit(addresses);
    return edited && { set: { addresses: edited }, facts: [fact(UserUpdated, { userId })] };
  });
}

function find(addresses: SavedAddress[], addressId: string): SavedAddress {
  const found = addresses.find(({ id }) => id === addressId);
  if (!found) throw new AddressNotFoundError(addressId);
  return found;
}

function refuseStale({ version }: SavedAddress, expectedVersion: number): void {
  if (version !== expectedVersion) throw new StaleVersionError("the address", expectedVersion);
}
