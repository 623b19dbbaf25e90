/** What schemas are called in the API's description, and in the client. A schema without a name is written in its place. */
import { Inventory } from "@cartwright/core/inventory";
import { Ops } from "@cartwright/core/ops";
import { Order } from "@cartwright/core/order";
import { Payment } from "@cartwright/core/payment";
import { User } from "@cartwright/core/user";
import { Money } from "@cartwright/events";
import * as z from "zod";
import { Problem } from "../http/problem.ts";

const names: Record<string, z.ZodType> = {
  Money,
  Problem,
  Credentials: User.Credentials,
  Registration: User.Registration,
  RequestPasswordReset: User.RequestPasswordReset,
  PasswordResetRequested: User.PasswordResetRequested,
  ResetPassword: User.ResetPassword,
  SignIn: User.SignIn,
  Session: User.Session,
  RefreshSession: User.RefreshToken,
  RefreshedSession: User.Refreshed,
  User: User.Me,
  UpdateUser: User.Update,
  AddAddress: User.NewAddress,
  SavedAddress: User.SavedAddress,
  UserExport: User.Export,
  Product: Inventory.Info,
  CreateProduct: Inventory.Create,
  UpdateProduct: Inventory.Update,
  Stock: Inventory.Stock,
  ConfigureStock: Inventory.ConfigureStock,
  Availability: Inventory.Availability,
  AdjustStock: Inventory.Adjust,
  StockAdjustment: Inventory.Adjustment,
  StockMovement: Inventory.Movement,
  Cart: Order.Cart.Info,
  CartLine: Order.Cart.CartLine,
  CartProblem: Order.Cart.CartProblem,
  OpenCart: Order.Cart.Create,
  SetCartLine: Order.Cart.SetLine,
  Address: Order.Address,
  Order: Order.Info,
  PlacedOrder: Order.Placed,
  OrderSummary: Order.Summary,
  OrderLine: Order.Line,
  PlaceOrder: Order.Place,
  Cancellation: Order.Cancellation,
  Tracking: Order.Tracking,
  FulfilOrder: Order.Fulfil,
  Fulfilment: Order.Fulfilment,
  RequestReturn: Order.RequestReturn,
  ReceiveReturn: Order.ReceiveReturn,
  DeclineReturn: Order.DeclineReturn,
  Return: Order.Return,
  Moment: Order.Moment,
  Timeline: Order.Timeline,
  PriceListRebuild: Order.Rebuild,
  ComparedPriceList: Order.Compared,
  Payment: Payment.Info,
  PaymentAttempt: Payment.Attempt,
  PaymentAction: Payment.Action,
  RequestRefund: Payment.RequestRefund,
  Refund: Payment.Refund,
  Health: Ops.Health,
  Alarm: Ops.Alarm,
  DeadLetterQueue: Ops.DeadLetters,
  DeadLetter: Ops.Letter,
  DeadLetterPage: Ops.Letters,
  OpenDeadLetter: Ops.OpenLetter,
  RedriveDeadLetters: Ops.Redrive,
  Redriven: Ops.Redriven,
  StartReplay: Ops.StartReplay,
  Replay: Ops.Replay,
  Reconciliation: Ops.Reconciliation,
};

/** Zod makes references of what is registered with an `id`. Done here alone: the events have names of their own. */
export function nameSchemas(): void {
  for (const [id, schema] of Object.entries(names)) {
    z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });
  }
}
