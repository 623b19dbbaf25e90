import { DomainError, type Fault } from "../../error.ts";

export class CartNotFoundError extends DomainError {
  override name = "CartNotFoundError";
  constructor(cartId: string) {
    super("not_found", "cart_not_found", `there is no cart ${cartId}, or it has expired`);
  }
}

/** For the customer alone whose cart it went into: to others the id says nothing. */
export class CartMergedError extends DomainError {
  override name = "CartMergedError";
  constructor(cartId: string, into: string) {
    super("conflict", "cart_merged", `${cartId} has been merged into your cart: go on with ${into}`);
  }
}

export class CartFullError extends DomainError {
  override name = "CartFullError";
  constructor(maximumLines: number, lines: number) {
    super("conflict", "cart_full", `a cart has ${maximumLines} lines at most, and this would make it ${lines}`);
  }
}

export class CartCurrencyError extends DomainError {
  override name = "CartCurrencyError";
  constructor(currency: string) {
    const message = `the prices in the cart are in ${currency}: leave the currency out, or take its lines out first`;
    super("conflict", "cart_in_other_currency", message, {
      faults: [{ path: "currency", code: "cart_in_other_currency", message }],
    });
  }
}

/** What would be ordered is not what the customer has seen. */
export class CartChangedError extends DomainError {
  override name = "CartChangedError";
  constructor(message: string, faults?: Fault[]) {
    super("conflict", "cart_changed", message, faults && { faults });
  }
}

export class CartOrderedError extends DomainError {
  override name = "CartOrderedError";
  constructor(orderId: string) {
    super("conflict", "cart_ordered", `the cart has been ordered as ${orderId}, and nothing was put in since`);
  }
}
