/**
 * Who may call what, decided by people and reviewed: each operation of the API's description is named here once, so that
 * a new one is let in by a decision and not by an oversight.
 */
export const callers = ["nobody", "guest", "customer", "staff"] as const;
export type CallerRole = (typeof callers)[number];

export const mayCall: Record<string, { by: readonly CallerRole[]; operations: readonly string[] }> = {
  anyone: {
    by: ["nobody", "guest", "customer", "staff"],
    operations: [
      "answerSandboxChallenge",
      "endSession",
      "getAvailability",
      "getSandboxTrouble",
      "listProducts",
      "refreshSession",
      "registerUser",
      "requestPasswordReset",
      "resetPassword",
      "showSandboxChallenge",
      "startSession",
    ],
  },
  /** A guest's token opens one order and nothing else: whoever sends it elsewhere is told so. */
  optional: {
    by: ["nobody", "customer", "staff"],
    operations: ["getCart", "getProduct", "openCart", "placeOrder", "putCartLine", "removeCartLine"],
  },
  guest: {
    by: ["guest", "customer", "staff"],
    operations: [
      "cancelOrder",
      "erasePersonalData",
      "getOrder",
      "getOrderTimeline",
      "getPayment",
      "getPaymentAction",
      "requestReturn",
    ],
  },
  customer: {
    by: ["customer", "staff"],
    operations: [
      "addAddress",
      "eraseMe",
      "exportMe",
      "getAddress",
      "getMe",
      "getOwnCart",
      "listAddresses",
      "listOrders",
      "mergeCart",
      "removeAddress",
      "replaceAddress",
      "updateMe",
    ],
  },
  staff: {
    by: ["staff"],
    operations: [
      "adjustStock",
      "beginPriceListRebuild",
      "comparePriceListRebuild",
      "configureStock",
      "createProduct",
      "declineReturn",
      "endPriceListRebuild",
      "fulfilOrder",
      "getDeadLetter",
      "getHealth",
      "getReplay",
      "getStock",
      "listDeadLetterQueues",
      "listDeadLetters",
      "listStockMovements",
      "receiveReturn",
      "reconcileNow",
      "redriveDeadLetters",
      "requestRefund",
      "startReplay",
      "updateProduct",
    ],
  },
  /** Nobody has a role there: a signature over the body says who it is. */
  provider: { by: ["nobody", "guest", "customer", "staff"], operations: ["receiveWebhook"] },
};
