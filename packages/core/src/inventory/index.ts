export * as Inventory from "./index.ts";

export * from "./product.ts";
export * from "./reservation.ts";
export { Adjust, Adjustment, Create, Info, Stock, Update } from "./schema.ts";
export * from "./stock.ts";
