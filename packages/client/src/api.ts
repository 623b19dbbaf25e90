// Made of packages/functions/openapi.json by npm run openapi: change the routes instead.

/** A part of a list. */
export interface Page<Item> {
  items: Item[];
  /** The `cursor` of the next page; absent on the last one. */
  nextCursor?: string;
}

export interface AddAddress {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  postalCode: string;
  /**
   * An ISO 3166 code such as DE.
   */
  country: string;
  /**
   * What its owner calls it, such as Home.
   */
  label?: string;
}

export interface Address {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  postalCode: string;
  /**
   * An ISO 3166 code such as DE.
   */
  country: string;
}

export interface AdjustStock {
  delta: number;
  reason: string;
  /**
   * How many are on hand as far as the caller knows: the adjustment is refused when there are more or fewer.
   */
  expectedQuantity?: number;
}

export interface Alarm {
  /**
   * As the runbook calls it.
   */
  name: string;
  /**
   * `missing`: it was deployed, and is there no more.
   */
  state: "ok" | "alarm" | "insufficient_data" | "missing";
  /**
   * When it came into this state.
   */
  since?: string;
  /**
   * Whether orders or money are being lost while it is on.
   */
  urgent: boolean;
  /**
   * Whether somebody is called when it goes off; one that calls nobody is part of another.
   */
  calls: boolean;
  /**
   * Somebody has switched off that it calls.
   */
  muted: boolean;
  /**
   * What it means, and where to look.
   */
  description?: string;
  /**
   * The page that says what to do, by its path in the repository.
   */
  runbook?: string;
  /**
   * Why it came into this state, in CloudWatch's words.
   */
  reason?: string;
}

export interface Availability {
  sku: string;
  availability: "in_stock" | "low" | "backorder" | "sold_out";
}

export interface Cancellation {
  orderId: string;
  /**
   * `cancelled` for one that was so before it was asked for.
   */
  status: "cancelling" | "cancelled";
  reason:
    | "out_of_stock"
    | "payment_declined"
    | "insufficient_funds"
    | "temporarily_unavailable"
    | "expired"
    | "internal_error"
    | "customer_request"
    | "staff_request";
}

export interface Cart {
  id: string;
  lines: CartLine[];
  /**
   * Of all lines that can be bought; absent while there is no currency.
   */
  subtotal?: Money;
  /**
   * An ISO 4217 code.
   */
  currency?: string;
  problems: CartProblem[];
  /**
   * The order that has emptied it, until something is put in again.
   */
  orderedAs?: string;
  version: number;
  /**
   * It is kept until then, and longer with each change.
   */
  expiresAt: string;
}

export interface CartLine {
  sku: string;
  title: string;
  quantity: number;
  unitPrice?: Money;
  lineTotal?: Money;
}

export interface CartProblem {
  /**
   * Such as `lines.0`.
   */
  path: string;
  sku: string;
  /**
   * A price that has changed is accepted by putting the line again.
   */
  code: "price_changed" | "out_of_stock" | "not_for_sale" | "no_price_in_currency";
  message: string;
  /**
   * Of a price: what it was when the line was put last.
   */
  was?: Money;
  /**
   * Of a price: what it is.
   */
  now?: Money;
}

export interface ComparedPriceList {
  /**
   * How many rows were made anew.
   */
  compared: number;
  /**
   * The SKUs of live rows that differed, and are now as the events say.
   */
  mended: string[];
  /**
   * Live rows of which no event tells: they are older than the archive, or somebody made them up.
   */
  untold: string[];
  /**
   * Live rows that are ahead of those made anew: some events have not come yet, or come just now.
   */
  ahead: string[];
  /**
   * Absent on the last page.
   */
  nextCursor?: string;
}

export interface ConfigureStock {
  shards?: number;
  backorderLimit?: number;
  /**
   * At or below this many `stock.low` is told; `null` switches it off.
   */
  lowStockAt?: number | null;
}

export interface CreateProduct {
  title: string;
  description?: string;
  category?: string;
  attributes?: {
    [k: string]: string;
  };
  images?: {
    url: string;
    alt?: string;
  }[];
  status?: "draft" | "published" | "retired";
  options?: {
    name: string;
    values: string[];
  }[];
  /**
   * Of a product with a single variant.
   */
  prices?: {
    amount: number;
    currency: string;
  }[];
  variants?: {
    sku: string;
    options?: {
      [k: string]: string;
    };
    prices: {
      amount: number;
      currency: string;
    }[];
    retired?: boolean;
  }[];
  sku: string;
}

export interface Credentials {
  /**
   * In any case: it is kept in small letters.
   */
  email: string;
  password: string;
}

export interface DeadLetter {
  /**
   * The same at each read.
   */
  id: string;
  subscriber: string;
  event?: {
    id: string;
    name: string;
    version: number;
    time: string;
    subject: string;
    correlationId: string;
    orderId?: string;
  };
  failure: {
    code: string;
    message: string;
    attempts?: number;
    firstAt?: string;
    lastAt?: string;
    messageId?: string;
  };
  sentAt: string;
}

export interface DeadLetterPage {
  items: DeadLetter[];
  /**
   * Letters that were looked at.
   */
  examined: number;
  /**
   * Whether there are letters that this answer does not show.
   */
  more: boolean;
}

export interface DeadLetterQueue {
  subscriber: string;
  /**
   * Approximately, with those that somebody looks at this moment.
   */
  letters: number;
  redrivesTo: "queue" | "machine" | "bus" | "nothing";
  events: string[];
  backWithinSeconds?: number;
}

export interface DeclineReturn {
  /**
   * Why; the customer can read it.
   */
  reason: string;
}

export interface FulfilOrder {
  /**
   * All that is left to be sent and has come, if absent.
   */
  lines?: {
    sku: string;
    quantity: number;
  }[];
  tracking?: Tracking;
}

export interface Fulfilment {
  id: string;
  lines: {
    sku: string;
    quantity: number;
  }[];
  tracking?: Tracking;
  createdAt: string;
}

export interface Health {
  /**
   * `failing` while orders or money are being lost; `degraded` while something else waits for a person.
   */
  status: "healthy" | "degraded" | "failing";
  /**
   * Whether the stage has alarms: personal stages have none.
   */
  watched: boolean;
  /**
   * All of them, whatever their state.
   */
  alarms: Alarm[];
  /**
   * How many queues of dead letters there are.
   */
  queues: number;
  /**
   * The queues that hold letters.
   */
  deadLetters: {
    subscriber: string;
    /**
     * Approximately, with those that somebody looks at this moment.
     */
    letters: number;
  }[];
}

export interface Moment {
  at: string;
  /**
   * The event's name, such as `payment.declined`.
   */
  event: string;
  domain: string;
  /**
   * The step of the checkout, or of its undo, that the event comes from.
   */
  step?: "reserve" | "authorize" | "confirm" | "capture" | "abandon" | "void" | "release" | "cancel";
  undo: boolean;
  /**
   * A sentence for people. Programs go by the other fields.
   */
  text: string;
  reason?: string;
  amount?: Money;
  eventId: string;
  correlationId: string;
  /**
   * The event, or the provider's notification, that this follows from.
   */
  causationId?: string;
  /**
   * The name of that event, when it is in the same list.
   */
  causedBy?: string;
}

export interface Money {
  /**
   * In minor units: 1999 is 19.99 euros.
   */
  amount: number;
  /**
   * An ISO 4217 code.
   */
  currency: string;
}

export interface OpenCart {
  /**
   * Its prices are in this one; in that of what is put in first, if absent.
   */
  currency?: string;
}

export interface OpenDeadLetter {
  /**
   * The same at each read.
   */
  id: string;
  subscriber: string;
  event?: {
    id: string;
    name: string;
    version: number;
    time: string;
    subject: string;
    correlationId: string;
    orderId?: string;
  };
  failure: {
    code: string;
    message: string;
    attempts?: number;
    firstAt?: string;
    lastAt?: string;
    messageId?: string;
  };
  sentAt: string;
  body: unknown;
}

export interface Order {
  id: string;
  number: string;
  status: "pending" | "confirmed" | "fulfilled" | "cancelled" | "returned";
  reason?:
    | "out_of_stock"
    | "payment_declined"
    | "insufficient_funds"
    | "temporarily_unavailable"
    | "expired"
    | "internal_error"
    | "customer_request"
    | "staff_request";
  /**
   * It will be cancelled, as soon as its money and stock have been given back.
   */
  cancelling: boolean;
  lines: OrderLine[];
  total: Money;
  /**
   * Absent once it was erased on request.
   */
  shippingAddress?: Address;
  paid: boolean;
  /**
   * What has been paid back so far.
   */
  refunded: Money;
  fulfilments: Fulfilment[];
  /**
   * Promised, and still to come: it can't be sent yet. This and `lacking` follow the stock by a moment.
   */
  backordered: {
    sku: string;
    quantity: number;
  }[];
  /**
   * Why there was not enough for the order, so that nothing was held for it.
   */
  lacking: {
    sku: string;
    quantity: number;
    available: number;
  }[];
  returns: Return[];
  version: number;
  createdAt: string;
}

export interface OrderLine {
  sku: string;
  title: string;
  quantity: number;
  unitPrice: Money;
}

export interface OrderSummary {
  id: string;
  number: string;
  status: "pending" | "confirmed" | "fulfilled" | "cancelled" | "returned";
  reason?:
    | "out_of_stock"
    | "payment_declined"
    | "insufficient_funds"
    | "temporarily_unavailable"
    | "expired"
    | "internal_error"
    | "customer_request"
    | "staff_request";
  total: Money;
  createdAt: string;
  /**
   * Whose it is, in the lists of staff alone.
   */
  customerId?: string;
}

export interface PasswordResetRequested {
  email: string;
  /**
   * The same whether or not there is an account for this email.
   */
  confirmation: "emailed";
}

export interface Payment {
  id: string;
  orderId: string;
  provider: "sandbox" | "stripe";
  status:
    | "intent"
    | "action_required"
    | "authorized"
    | "declined"
    | "captured"
    | "partially_refunded"
    | "refunded"
    | "voiding"
    | "voided";
  /**
   * What the order costs.
   */
  amount: Money;
  authorized: Money;
  captured: Money;
  refunded: Money;
  /**
   * Refunds that are decided, and that the provider has not finished.
   */
  pendingRefund: Money;
  /**
   * What banks have taken back.
   */
  chargedBack: Money;
  /**
   * What we have of it: captured, less refunded and charged back.
   */
  balance: Money;
  /**
   * Oldest first.
   */
  attempts: PaymentAttempt[];
  /**
   * Why it was declined: to staff in the provider's words, to the customer in ours.
   */
  reason?: string;
  version: number;
  createdAt: string;
}

export interface PaymentAction {
  /**
   * A page to send the customer to.
   */
  url?: string;
  /**
   * What the provider's own script in the browser needs.
   */
  clientSecret?: string;
}

export interface PaymentAttempt {
  kind: "intent" | "authorize" | "action" | "capture" | "void" | "refund" | "chargeback" | "mismatch";
  /**
   * Unique within the payment; a refund's is `refund:` and its id.
   */
  key: string;
  outcome: "requested" | "pending" | "unknown" | "succeeded" | "failed";
  amount?: Money;
  /**
   * What asked for it, such as `staff` or `return`.
   */
  origin?: string;
  /**
   * What a member of staff gave as their reason.
   */
  note?: string;
  /**
   * The provider's id of it.
   */
  reference?: string;
  /**
   * Why it failed, in the provider's words.
   */
  reason?: string;
  /**
   * When it was first written down. An authorization, capture or void that was answered at once was so with its outcome.
   */
  requestedAt: string;
  /**
   * Absent until it has ended, for good or ill.
   */
  settledAt?: string;
}

export interface PlaceOrder {
  lines?: {
    sku: string;
    quantity: number;
  }[];
  /**
   * A cart that holds the lines, instead of `lines`.
   */
  cartId?: string;
  shippingAddress: Address;
  payment: {
    token: string;
  };
  /**
   * In which of the currencies that the products are sold in; that of the cart, or the first that fits, if absent.
   */
  currency?: string;
}

export interface PlacedOrder {
  id: string;
  number: string;
  status: "pending" | "confirmed" | "fulfilled" | "cancelled" | "returned";
  reason?:
    | "out_of_stock"
    | "payment_declined"
    | "insufficient_funds"
    | "temporarily_unavailable"
    | "expired"
    | "internal_error"
    | "customer_request"
    | "staff_request";
  /**
   * It will be cancelled, as soon as its money and stock have been given back.
   */
  cancelling: boolean;
  lines: OrderLine[];
  total: Money;
  /**
   * Absent once it was erased on request.
   */
  shippingAddress?: Address;
  paid: boolean;
  /**
   * What has been paid back so far.
   */
  refunded: Money;
  fulfilments: Fulfilment[];
  /**
   * Promised, and still to come: it can't be sent yet. This and `lacking` follow the stock by a moment.
   */
  backordered: {
    sku: string;
    quantity: number;
  }[];
  /**
   * Why there was not enough for the order, so that nothing was held for it.
   */
  lacking: {
    sku: string;
    quantity: number;
    available: number;
  }[];
  returns: Return[];
  version: number;
  createdAt: string;
  /**
   * For a guest alone: opens this order, sent as `Authorization: Guest <token>`. Keep it: nothing else lets a guest in.
   */
  guestToken?: string;
}

export interface PriceListRebuild {
  id: string;
}

/**
 * Problem details (RFC 9457), with a stable `code` for programs.
 */
export interface Problem {
  /**
   * A URN of the `code`.
   */
  type: string;
  title: string;
  status: number;
  /**
   * For whoever wrote the program.
   */
  detail: string;
  /**
   * The path that was asked for.
   */
  instance: string;
  /**
   * Stable, for programs.
   */
  code: string;
  /**
   * Names the request in our logs.
   */
  requestId: string;
  /**
   * Every fault of the request at once.
   */
  errors?: {
    /**
     * Such as `lines.0.sku`.
     */
    path: string;
    code: string;
    message: string;
  }[];
}

export interface Product {
  sku: string;
  title: string;
  description?: string;
  category?: string;
  attributes: {
    [k: string]: string;
  };
  images: {
    url: string;
    alt?: string;
  }[];
  status: "draft" | "published" | "retired";
  options: {
    name: string;
    values: string[];
  }[];
  /**
   * What can be ordered, each by its own SKU.
   */
  variants: {
    sku: string;
    /**
     * One value for each option of the product; what is retired may have others.
     */
    options: {
      [k: string]: string;
    };
    prices: Money[];
    retired: boolean;
  }[];
  version: number;
}

export interface ReceiveReturn {
  /**
   * All that was asked for, if absent.
   */
  lines?: {
    sku: string;
    quantity: number;
  }[];
  /**
   * False for what can't be sold again.
   */
  restock: boolean;
}

export interface Reconciliation {
  /**
   * `running`: it takes longer than an answer may.
   */
  status: "done" | "running";
  /**
   * Payments that were compared with the provider's books.
   */
  compared?: number;
  /**
   * Orders whose payment had differed, and is right now.
   */
  mended?: string[];
  /**
   * Orders whose payment only a person can put right.
   */
  wrong?: string[];
}

export interface RedriveDeadLetters {
  subscriber: string;
  id?: string;
  filter?: {
    /**
     * Of events that tell of this order.
     */
    orderId?: string;
    /**
     * Of events that followed from this request.
     */
    correlationId?: string;
    /**
     * Of events of this name.
     */
    event?: string;
    /**
     * Of events from then on.
     */
    after?: string;
    /**
     * Of events before then.
     */
    before?: string;
  };
  all?: true;
  dryRun?: boolean;
  /**
   * Leaves letters alone that came later. A request that goes on with `more` sends the first answer's `asOf`.
   */
  sentBefore?: string;
  /**
   * How many letters the answers so far have left hidden: the last answer's `setAside`.
   */
  setAside?: number;
}

export interface Redriven {
  subscriber: string;
  dryRun: boolean;
  redrivesTo: "queue" | "machine" | "bus" | "nothing";
  backWithinSeconds?: number;
  /**
   * Letters that were looked at.
   */
  examined: number;
  /**
   * Those that were asked for.
   */
  matched: number;
  /**
   * Those that are on their way again; none in a dry run.
   */
  redriven: number;
  refused: {
    id: string;
    reason: string;
  }[];
  more: boolean;
  /**
   * Letters that this request has looked at and left hidden for a minute, so that it sees others when it goes on.
   */
  setAside: number;
  /**
   * Letters that came later were left alone: one that fails again at once is not redriven for ever.
   */
  asOf: string;
}

export interface RefreshSession {
  refreshToken: string;
}

export interface RefreshedSession {
  /**
   * Sent as `Authorization: Bearer …`.
   */
  accessToken: string;
  /**
   * For how long the access token is valid.
   */
  expiresInSeconds: number;
}

export interface Refund {
  id: string;
  paymentId: string;
  status: "pending";
  amount: Money;
  reason?: string;
  requestedAt: string;
}

export interface Registration {
  email: string;
  /**
   * The same whether or not there was an account for this email.
   */
  confirmation: "emailed";
}

export interface Replay {
  id: string;
  subscriber: string;
  from: string;
  to: string;
  /**
   * As it was asked for: events may have gone since.
   */
  filter: {
    /**
     * Of events that tell of this order.
     */
    orderId?: string;
    /**
     * Of events that followed from this request.
     */
    correlationId?: string;
    event?: string;
  };
  /**
   * `unknown` when EventBridge knows nothing of it: it was never started, or has been forgotten after 90 days.
   */
  status: "starting" | "running" | "cancelling" | "completed" | "cancelled" | "failed" | "unknown";
  /**
   * Why it failed or was cancelled.
   */
  reason?: string;
  /**
   * Time of the event that was replayed last.
   */
  lastEventAt?: string;
  progress?: {
    /**
     * Both are counted at least once: after a failure some may be in them twice.
     */
    handedOn: number;
    leftOut: number;
    /**
     * Events that are still to be handed on or left out, of all replays, approximately.
     */
    waiting: number;
  };
  requestedBy: string;
  createdAt: string;
}

export interface RequestPasswordReset {
  /**
   * In any case: it is kept in small letters.
   */
  email: string;
}

export interface RequestRefund {
  /**
   * All that can still be refunded, unless said otherwise.
   */
  amount?: {
    amount: number;
    /**
     * An ISO 4217 code.
     */
    currency: string;
  };
  /**
   * For colleagues: it reaches neither events nor the provider.
   */
  reason: string;
}

export interface RequestReturn {
  lines: {
    sku: string;
    quantity: number;
  }[];
  /**
   * Why; staff and the customer can read it.
   */
  reason?: string;
}

export interface ResetPassword {
  /**
   * In any case: it is kept in small letters.
   */
  email: string;
  /**
   * The new one.
   */
  password: string;
  /**
   * The six digits that were emailed last. Valid for an hour, and once.
   */
  confirmationCode: string;
}

export interface Return {
  id: string;
  status: "requested" | "received" | "declined";
  /**
   * What was asked to be sent back.
   */
  lines: {
    sku: string;
    quantity: number;
  }[];
  /**
   * Why; staff and the customer can read it.
   */
  reason?: string;
  createdAt: string;
  /**
   * What has come, which may be less than was asked.
   */
  received?: {
    sku: string;
    quantity: number;
  }[];
  /**
   * What is refunded for it.
   */
  amount?: Money;
  /**
   * Whether the units can be sold again.
   */
  restock?: boolean;
  /**
   * Why staff did not take it back; the customer can read it.
   */
  declineReason?: string;
  /**
   * When it was received or declined.
   */
  settledAt?: string;
}

export interface SavedAddress {
  id: string;
  name: string;
  line1: string;
  line2?: string;
  city: string;
  postalCode: string;
  /**
   * An ISO 3166 code such as DE.
   */
  country: string;
  /**
   * What its owner calls it, such as Home.
   */
  label?: string;
  version: number;
}

export interface Session {
  /**
   * Sent as `Authorization: Bearer …`.
   */
  accessToken: string;
  /**
   * Gets new access tokens for thirty days, or until it is revoked.
   */
  refreshToken: string;
  /**
   * For how long the access token is valid.
   */
  expiresInSeconds: number;
}

export interface SetCartLine {
  quantity: number;
}

export interface SignIn {
  /**
   * In any case: it is kept in small letters.
   */
  email: string;
  password: string;
  /**
   * The six digits that were emailed at registration. Needed until the account is confirmed.
   */
  confirmationCode?: string;
}

export interface StartReplay {
  subscriber: string;
  from: string;
  to: string;
  filter?: {
    /**
     * Of events that tell of this order.
     */
    orderId?: string;
    /**
     * Of events that followed from this request.
     */
    correlationId?: string;
    /**
     * Of events of this name.
     */
    event?: string;
  };
}

export interface Stock {
  sku: string;
  /**
   * `available` and `reserved` together.
   */
  onHand: number;
  available: number;
  /**
   * Held for orders, and not shipped yet.
   */
  reserved: number;
  /**
   * Promised to orders, and still to come.
   */
  backordered: number;
  /**
   * Over how many parts new units are spread, so that many orders at once don't wait for each other.
   */
  shards: number;
  /**
   * How many units may be promised that are still to come.
   */
  backorderLimit: number;
  lowStockAt?: number;
  version: number;
}

export interface StockAdjustment {
  id: string;
  sku: string;
  delta: number;
  reason: string;
  expectedQuantity?: number;
  createdAt: string;
}

export interface StockMovement {
  id: string;
  sku: string;
  kind: "adjusted" | "shipped" | "returned" | "written-off";
  /**
   * 0 for goods that came back and were written off.
   */
  delta: number;
  reason: string;
  /**
   * The member of staff who adjusted it.
   */
  actorId?: string;
  /**
   * The order whose goods moved.
   */
  orderId?: string;
  createdAt: string;
}

export interface Timeline {
  items: Moment[];
}

export interface Tracking {
  carrier: string;
  number: string;
  url?: string;
}

export interface UpdateProduct {
  title?: string;
  description?: string | null;
  category?: string | null;
  attributes?: {
    [k: string]: string;
  };
  images?: {
    url: string;
    alt?: string;
  }[];
  status?: "draft" | "published" | "retired";
  options?: {
    name: string;
    values: string[];
  }[];
  /**
   * Of a product with a single variant.
   */
  prices?: {
    amount: number;
    currency: string;
  }[];
  variants?: {
    sku: string;
    options?: {
      [k: string]: string;
    };
    prices: {
      amount: number;
      currency: string;
    }[];
    retired?: boolean;
  }[];
}

export interface UpdateUser {
  /**
   * `null` removes it.
   */
  name?: string | null;
  /**
   * An E.164 number such as +442071234567; `null` removes it.
   */
  phone?: string | null;
}

export interface User {
  id: string;
  email: string;
  name?: string;
  phone?: string;
  version: number;
  createdAt: string;
  /**
   * As the access token says.
   */
  roles: ("guest" | "customer" | "staff")[];
}

export interface UserExport {
  exportedAt: string;
  user: {
    id: string;
    email: string;
    name?: string;
    phone?: string;
    version: number;
    createdAt: string;
  };
  addresses: SavedAddress[];
  /**
   * What else is kept, each to be read with the same access token.
   */
  elsewhere: {
    what: string;
    method: "GET" | "POST";
    /**
     * A path of this API.
     */
    href: string;
  }[];
}

/** What may befall any call. */
export type CommonProblem =
  | "invalid_request"
  | "rate_limited"
  | "internal_error"
  | "temporarily_unavailable"
  | "contention"
  | "circuit_open"
  | "unknown_outcome";

/** What each operation takes, what it answers, and which problems it may have. */
export interface Operations {
  /** Register. */
  registerUser: {
    body: Credentials;
    answer: Registration;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "weak_password"
      | "invalid_credentials"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "too_many_attempts";
  };
  /** Ask to set a new password. */
  requestPasswordReset: {
    body: RequestPasswordReset;
    answer: PasswordResetRequested;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "too_many_attempts";
  };
  /** Set a new password. */
  resetPassword: {
    body: ResetPassword;
    answer: undefined;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "weak_password"
      | "wrong_confirmation_code"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "too_many_attempts";
  };
  /** Sign in. */
  startSession: {
    body: SignIn;
    answer: Session;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "bad_credentials"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "too_many_attempts";
  };
  /** Get a new access token. */
  refreshSession: {
    body: RefreshSession;
    answer: RefreshedSession;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "bad_refresh_token"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "too_many_attempts";
  };
  /** Sign out. */
  endSession: {
    body: RefreshSession;
    answer: undefined;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "too_many_attempts";
  };
  /** Get your profile. */
  getMe: {
    answer: User;
    problem: CommonProblem | "unauthenticated" | "user_not_found" | "identity_unavailable";
  };
  /** Change your profile. */
  updateMe: {
    body: UpdateUser;
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: User;
    problem:
      | CommonProblem
      | "invalid_if_match"
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "user_not_found"
      | "stale_version"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** Close your account. */
  eraseMe: {
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: undefined;
    problem:
      | CommonProblem
      | "invalid_if_match"
      | "unexpected_body"
      | "unauthenticated"
      | "user_not_found"
      | "stale_version"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** Take your data along. */
  exportMe: {
    answer: UserExport;
    problem: CommonProblem | "unauthenticated" | "user_not_found" | "identity_unavailable";
  };
  /** List your addresses. */
  listAddresses: {
    answer: {
      items: SavedAddress[];
    };
    problem: CommonProblem | "unauthenticated" | "user_not_found" | "identity_unavailable";
  };
  /** Add an address. */
  addAddress: {
    body: AddAddress;
    answer: SavedAddress;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "user_not_found"
      | "too_many_addresses"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "identity_unavailable";
  };
  /** Get an address. */
  getAddress: {
    params: {
      /** The address's id. */
      id: string;
    };
    answer: SavedAddress;
    problem:
      | CommonProblem
      | "malformed"
      | "unauthenticated"
      | "user_not_found"
      | "address_not_found"
      | "identity_unavailable";
  };
  /** Replace an address. */
  replaceAddress: {
    params: {
      /** The address's id. */
      id: string;
    };
    body: AddAddress;
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: SavedAddress;
    problem:
      | CommonProblem
      | "malformed"
      | "invalid_if_match"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "user_not_found"
      | "address_not_found"
      | "stale_version"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** Remove an address. */
  removeAddress: {
    params: {
      /** The address's id. */
      id: string;
    };
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: undefined;
    problem:
      | CommonProblem
      | "malformed"
      | "invalid_if_match"
      | "unexpected_body"
      | "unauthenticated"
      | "user_not_found"
      | "address_not_found"
      | "stale_version"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** List products. */
  listProducts: {
    query?: {
      /** How many at most. */
      limit?: number | undefined;
      /** The `nextCursor` of the page before. */
      cursor?: string | undefined;
      /** Only what is in this category. */
      category?: string | undefined;
      /** What titles begin with, whatever their case and accents. */
      prefix?: string | undefined;
    };
    answer: Page<Product>;
    problem: CommonProblem | "invalid_cursor";
  };
  /** Create a product. */
  createProduct: {
    body: CreateProduct;
    answer: Product;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "invalid_variants"
      | "too_large"
      | "unauthenticated"
      | "staff_only"
      | "product_exists"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "identity_unavailable";
  };
  /** Get a product. */
  getProduct: {
    params: {
      /** The SKU of a product or a variant. */
      sku: string;
    };
    answer: Product;
    problem: CommonProblem | "malformed" | "unauthenticated" | "product_not_found" | "identity_unavailable";
  };
  /** Update a product. */
  updateProduct: {
    params: {
      /** The SKU of a product or a variant. */
      sku: string;
    };
    body: UpdateProduct;
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: Product;
    problem:
      | CommonProblem
      | "malformed"
      | "invalid_if_match"
      | "duplicate_key"
      | "too_deep"
      | "invalid_variants"
      | "too_large"
      | "unauthenticated"
      | "staff_only"
      | "product_not_found"
      | "illegal_transition"
      | "product_exists"
      | "stale_version"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** Get availability. */
  getAvailability: {
    params: {
      /** The SKU of a product or a variant. */
      sku: string;
    };
    answer: Availability;
    problem: CommonProblem | "malformed" | "product_not_found";
  };
  /** Get stock. */
  getStock: {
    params: {
      /** The SKU of a product or a variant. */
      sku: string;
    };
    answer: Stock;
    problem:
      | CommonProblem
      | "malformed"
      | "unauthenticated"
      | "staff_only"
      | "product_not_found"
      | "identity_unavailable";
  };
  /** Configure stock. */
  configureStock: {
    params: {
      /** The SKU of a product or a variant. */
      sku: string;
    };
    body: ConfigureStock;
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: Stock;
    problem:
      | CommonProblem
      | "malformed"
      | "invalid_if_match"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "staff_only"
      | "product_not_found"
      | "stale_version"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** List stock movements. */
  listStockMovements: {
    params: {
      /** The SKU of a product or a variant. */
      sku: string;
    };
    query?: {
      /** How many at most. */
      limit?: number | undefined;
      /** The `nextCursor` of the page before. */
      cursor?: string | undefined;
    };
    answer: Page<StockMovement>;
    problem:
      | CommonProblem
      | "malformed"
      | "invalid_cursor"
      | "unauthenticated"
      | "staff_only"
      | "product_not_found"
      | "identity_unavailable";
  };
  /** Adjust stock. */
  adjustStock: {
    params: {
      /** The SKU of a product or a variant. */
      sku: string;
    };
    body: AdjustStock;
    answer: StockAdjustment;
    problem:
      | CommonProblem
      | "malformed"
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "staff_only"
      | "product_not_found"
      | "stock_below_zero"
      | "unexpected_quantity"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable";
  };
  /** Open a cart. */
  openCart: {
    body?: OpenCart;
    answer: Cart;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "cart_in_other_currency"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "identity_unavailable";
  };
  /** Get your own cart. */
  getOwnCart: {
    answer: Cart;
    problem: CommonProblem | "unauthenticated" | "cart_not_found" | "identity_unavailable";
  };
  /** Get a cart. */
  getCart: {
    params: {
      /** The cart's id, such as `crt_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    answer: Cart;
    problem:
      | CommonProblem
      | "malformed"
      | "unauthenticated"
      | "cart_not_found"
      | "cart_merged"
      | "identity_unavailable";
  };
  /** Set a line of a cart. */
  putCartLine: {
    params: {
      /** The cart's id, such as `crt_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
      /** The SKU of a product or a variant. */
      sku: string;
    };
    body: SetCartLine;
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: Cart;
    problem:
      | CommonProblem
      | "malformed"
      | "invalid_if_match"
      | "duplicate_key"
      | "too_deep"
      | "unknown_product"
      | "no_price_in_currency"
      | "unauthenticated"
      | "cart_not_found"
      | "cart_full"
      | "cart_merged"
      | "stale_version"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** Remove a line of a cart. */
  removeCartLine: {
    params: {
      /** The cart's id, such as `crt_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
      /** The SKU of a product or a variant. */
      sku: string;
    };
    /** The version that is changed: the answer's `version`. */
    version: number;
    answer: Cart;
    problem:
      | CommonProblem
      | "malformed"
      | "invalid_if_match"
      | "unexpected_body"
      | "unauthenticated"
      | "cart_not_found"
      | "cart_merged"
      | "stale_version"
      | "precondition_required"
      | "identity_unavailable";
  };
  /** Merge a guest's cart into the customer's. */
  mergeCart: {
    params: {
      /** The cart's id, such as `crt_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    answer: Cart;
    problem:
      | CommonProblem
      | "malformed"
      | "unexpected_body"
      | "unauthenticated"
      | "cart_not_found"
      | "cart_full"
      | "identity_unavailable";
  };
  /** Fulfil an order, whole or in part. */
  fulfilOrder: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    body: FulfilOrder;
    answer: Fulfilment;
    problem:
      | CommonProblem
      | "malformed"
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "staff_only"
      | "order_not_found"
      | "order_not_fulfillable"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable";
  };
  /** Request a return. */
  requestReturn: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    body: RequestReturn;
    answer: Return;
    problem:
      | CommonProblem
      | "malformed"
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "order_not_found"
      | "order_not_returnable"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable";
  };
  /** Receive a return. */
  receiveReturn: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
      /** The return's id, as the order shows it. */
      returnId: string;
    };
    body: ReceiveReturn;
    answer: Return;
    problem:
      | CommonProblem
      | "malformed"
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "staff_only"
      | "order_not_found"
      | "return_not_found"
      | "return_not_receivable"
      | "return_settled"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable";
  };
  /** Decline a return. */
  declineReturn: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
      /** The return's id, as the order shows it. */
      returnId: string;
    };
    body: DeclineReturn;
    answer: Return;
    problem:
      | CommonProblem
      | "malformed"
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "duplicate_key"
      | "too_deep"
      | "unauthenticated"
      | "staff_only"
      | "order_not_found"
      | "return_not_found"
      | "return_settled"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable";
  };
  /** Begin a rebuild of the price list. */
  beginPriceListRebuild: {
    answer: PriceListRebuild;
    problem: CommonProblem | "unexpected_body" | "unauthenticated" | "staff_only" | "identity_unavailable";
  };
  /** Compare a page of the two price lists, and mend the live one. */
  comparePriceListRebuild: {
    params: {
      /** The rebuild's id. */
      id: string;
    };
    query?: {
      /** How many at most. */
      limit?: number | undefined;
      /** The `nextCursor` of the page before. */
      cursor?: string | undefined;
    };
    answer: ComparedPriceList;
    problem:
      | CommonProblem
      | "malformed"
      | "unexpected_body"
      | "invalid_cursor"
      | "unauthenticated"
      | "staff_only"
      | "rebuild_over"
      | "identity_unavailable";
  };
  /** End a rebuild of the price list. */
  endPriceListRebuild: {
    params: {
      /** The rebuild's id. */
      id: string;
    };
    answer: undefined;
    problem:
      | CommonProblem
      | "malformed"
      | "unexpected_body"
      | "unauthenticated"
      | "staff_only"
      | "identity_unavailable";
  };
  /** Place an order. */
  placeOrder: {
    body: PlaceOrder;
    answer: PlacedOrder;
    problem:
      | CommonProblem
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "unknown_product"
      | "no_price_in_currency"
      | "nothing_to_pay"
      | "total_too_large"
      | "cart_empty"
      | "cart_not_orderable"
      | "unauthenticated"
      | "cart_not_found"
      | "cart_changed"
      | "cart_in_other_currency"
      | "cart_merged"
      | "cart_ordered"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable";
  };
  /** List orders. */
  listOrders: {
    query?: {
      /** How many at most. */
      limit?: number | undefined;
      /** The `nextCursor` of the page before. */
      cursor?: string | undefined;
      /** For staff: everybody's orders of this status. */
      status?: ("pending" | "confirmed" | "fulfilled" | "cancelled" | "returned") | undefined;
      /** With `status`: only those that were placed earlier, such as what is pending for too long. */
      placedBefore?: string | undefined;
      /** For staff: the order that people call by this number. */
      number?: string | undefined;
    };
    answer: Page<OrderSummary>;
    problem: CommonProblem | "invalid_cursor" | "unauthenticated" | "staff_only" | "identity_unavailable";
  };
  /** Get an order. */
  getOrder: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    answer: Order;
    problem: CommonProblem | "malformed" | "unauthenticated" | "order_not_found" | "identity_unavailable";
  };
  /** Get an order's timeline. */
  getOrderTimeline: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    answer: Timeline;
    problem: CommonProblem | "malformed" | "unauthenticated" | "order_not_found" | "identity_unavailable";
  };
  /** Cancel an order of which nothing has been sent. */
  cancelOrder: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    answer: Cancellation;
    problem:
      | CommonProblem
      | "malformed"
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "unexpected_body"
      | "unauthenticated"
      | "order_not_found"
      | "order_not_cancellable"
      | "idempotency_key_reused"
      | "identity_unavailable";
  };
  /** Erase an order's personal data. */
  erasePersonalData: {
    params: {
      /** The order's id, such as `ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD`. */
      id: string;
    };
    answer: undefined;
    problem:
      | CommonProblem
      | "malformed"
      | "unexpected_body"
      | "unauthenticated"
      | "order_not_found"
      | "identity_unavailable";
  };
  /** Get a payment, with its ledger. */
  getPayment: {
    params: {
      /** The payment's id: that of its order, with `pay_` for `ord_`. */
      id: string;
    };
    answer: Payment;
    problem: CommonProblem | "malformed" | "unauthenticated" | "payment_not_found" | "identity_unavailable";
  };
  /** Get the action that a payment requires. */
  getPaymentAction: {
    params: {
      /** The payment's id: that of its order, with `pay_` for `ord_`. */
      id: string;
    };
    answer: PaymentAction;
    problem:
      | CommonProblem
      | "malformed"
      | "unauthenticated"
      | "payment_not_found"
      | "no_action_required"
      | "identity_unavailable";
  };
  /** Refund a payment. */
  requestRefund: {
    params: {
      /** The payment's id: that of its order, with `pay_` for `ord_`. */
      id: string;
    };
    body: RequestRefund;
    answer: Refund;
    problem:
      | CommonProblem
      | "malformed"
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "duplicate_key"
      | "too_deep"
      | "wrong_currency"
      | "unauthenticated"
      | "staff_only"
      | "payment_not_found"
      | "refund_too_large"
      | "nothing_to_refund"
      | "too_many_refunds"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable"
      | "refund_under_way";
  };
  /** Get the health of the stage. */
  getHealth: {
    answer: Health;
    problem: CommonProblem | "unauthenticated" | "staff_only" | "identity_unavailable";
  };
  /** List the queues of dead letters. */
  listDeadLetterQueues: {
    answer: {
      items: DeadLetterQueue[];
    };
    problem: CommonProblem | "unauthenticated" | "staff_only" | "identity_unavailable";
  };
  /** List dead letters. */
  listDeadLetters: {
    params: {
      /** Whose letters, such as `MarkPaid`. */
      subscriber: string;
    };
    query?: {
      /** Of events that tell of this order. */
      orderId?: string | undefined;
      /** Of events that followed from this request. */
      correlationId?: string | undefined;
      /** Of events of this name. */
      event?: string | undefined;
      /** Of events from then on. */
      after?: string | undefined;
      /** Of events before then. */
      before?: string | undefined;
      /** How many at most. */
      limit?: number | undefined;
    };
    answer: DeadLetterPage;
    problem:
      | CommonProblem
      | "malformed"
      | "event_not_taken"
      | "unauthenticated"
      | "staff_only"
      | "unknown_subscriber"
      | "identity_unavailable";
  };
  /** Get a dead letter. */
  getDeadLetter: {
    params: {
      /** Whose letters, such as `MarkPaid`. */
      subscriber: string;
      /** The letter's id, or the replay's. */
      id: string;
    };
    answer: OpenDeadLetter;
    problem:
      | CommonProblem
      | "malformed"
      | "unauthenticated"
      | "staff_only"
      | "unknown_subscriber"
      | "dead_letter_not_found"
      | "identity_unavailable"
      | "dead_letter_not_reached";
  };
  /** Redrive dead letters. */
  redriveDeadLetters: {
    body: RedriveDeadLetters;
    answer: Redriven;
    problem:
      | CommonProblem
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "event_not_taken"
      | "unauthenticated"
      | "staff_only"
      | "unknown_subscriber"
      | "dead_letter_not_found"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "identity_unavailable";
  };
  /** Replay archived events to one subscriber. */
  startReplay: {
    body: StartReplay;
    answer: Replay;
    problem:
      | CommonProblem
      | "idempotency_key_required"
      | "invalid_idempotency_key"
      | "malformed"
      | "duplicate_key"
      | "too_deep"
      | "event_not_taken"
      | "not_replayable"
      | "unauthenticated"
      | "staff_only"
      | "unknown_subscriber"
      | "body_too_large"
      | "expected_json"
      | "unsupported_encoding"
      | "idempotency_key_reused"
      | "identity_unavailable"
      | "too_many_replays";
  };
  /** Get a replay. */
  getReplay: {
    params: {
      /** The letter's id, or the replay's. */
      id: string;
    };
    answer: Replay;
    problem:
      | CommonProblem
      | "malformed"
      | "unauthenticated"
      | "staff_only"
      | "replay_not_found"
      | "identity_unavailable";
  };
  /** Compare payments with the provider's books now. */
  reconcileNow: {
    answer: Reconciliation;
    problem:
      | CommonProblem
      | "unexpected_body"
      | "unauthenticated"
      | "staff_only"
      | "identity_unavailable"
      | "reconciliation_failed";
  };
}

export type OperationId = keyof Operations;

/** Stable codes of all problems. */
export type ProblemCode = Operations[OperationId]["problem"];

/** Method, path, who may call, and which headers it takes besides: `key` is Idempotency-Key, `match` is If-Match. */
export const routes: Record<OperationId, string> = {
  registerUser: "POST /users anyone",
  requestPasswordReset: "POST /users/password-resets anyone",
  resetPassword: "POST /users/password-resets/complete anyone",
  startSession: "POST /sessions anyone",
  refreshSession: "POST /sessions/refresh anyone",
  endSession: "POST /sessions/revoke anyone",
  getMe: "GET /users/me customer",
  updateMe: "PATCH /users/me customer match",
  eraseMe: "DELETE /users/me customer match",
  exportMe: "GET /users/me/export customer",
  listAddresses: "GET /users/me/addresses customer",
  addAddress: "POST /users/me/addresses customer",
  getAddress: "GET /users/me/addresses/{id} customer",
  replaceAddress: "PUT /users/me/addresses/{id} customer match",
  removeAddress: "DELETE /users/me/addresses/{id} customer match",
  listProducts: "GET /products anyone",
  createProduct: "POST /products staff",
  getProduct: "GET /products/{sku} optional",
  updateProduct: "PATCH /products/{sku} staff match",
  getAvailability: "GET /products/{sku}/availability anyone",
  getStock: "GET /products/{sku}/stock staff",
  configureStock: "PATCH /products/{sku}/stock staff match",
  listStockMovements: "GET /products/{sku}/stock-movements staff",
  adjustStock: "POST /products/{sku}/stock-adjustments staff key",
  openCart: "POST /carts optional",
  getOwnCart: "GET /carts/mine customer",
  getCart: "GET /carts/{id} optional",
  putCartLine: "PUT /carts/{id}/lines/{sku} optional match",
  removeCartLine: "DELETE /carts/{id}/lines/{sku} optional match",
  mergeCart: "POST /carts/{id}/merge customer",
  fulfilOrder: "POST /orders/{id}/fulfilments staff key",
  requestReturn: "POST /orders/{id}/returns guest key",
  receiveReturn: "POST /orders/{id}/returns/{returnId}/receive staff key",
  declineReturn: "POST /orders/{id}/returns/{returnId}/decline staff key",
  beginPriceListRebuild: "POST /price-list/rebuilds staff",
  comparePriceListRebuild: "POST /price-list/rebuilds/{id}/compare staff",
  endPriceListRebuild: "DELETE /price-list/rebuilds/{id} staff",
  placeOrder: "POST /orders optional key",
  listOrders: "GET /orders customer",
  getOrder: "GET /orders/{id} guest",
  getOrderTimeline: "GET /orders/{id}/timeline guest",
  cancelOrder: "POST /orders/{id}/cancel guest key",
  erasePersonalData: "DELETE /orders/{id}/personal-data guest",
  getPayment: "GET /payments/{id} guest",
  getPaymentAction: "GET /payments/{id}/action guest",
  requestRefund: "POST /payments/{id}/refunds staff key",
  getHealth: "GET /ops/health staff",
  listDeadLetterQueues: "GET /ops/dead-letters staff",
  listDeadLetters: "GET /ops/dead-letters/{subscriber} staff",
  getDeadLetter: "GET /ops/dead-letters/{subscriber}/{id} staff",
  redriveDeadLetters: "POST /ops/dead-letters/redrive staff",
  startReplay: "POST /ops/replays staff key",
  getReplay: "GET /ops/replays/{id} staff",
  reconcileNow: "POST /ops/reconciliations staff",
};
