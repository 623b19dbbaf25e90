export * from "./catalogue/product.ts";
export { Create, Info, Update } from "./catalogue/schema.ts";
export * as Inventory from "./index.ts";
export { allocate } from "./stock/backorder.ts";
export { expireReservations } from "./stock/expiry.ts";
export { commit, ExpiredError, expire, OutOfStockError, ReleasedError, release, reserve } from "./stock/reservation.ts";
export { Adjust, Adjustment, Availability, ConfigureStock, Movement, Shortfall, Stock } from "./stock/schema.ts";
export { NotHeldError, NotShippedError, ship, takeBack } from "./stock/shipment.ts";
export * from "./stock/stock.ts";
