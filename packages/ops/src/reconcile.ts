import { fitting, Reconciliation } from "./answer.ts";
import { advise, type Command } from "./command.ts";
import { count, visible } from "./text.ts";

export const reconcile: Command = {
  name: "reconcile",
  summary: "compares payments with the provider's books now",
  usage: `npm run ops -- reconcile [options]

Does now what a schedule does every few minutes: compares payments that have not moved for half an hour with the
provider's books, both ways, and mends what rules can mend. Ends with 1 when something is left for a person. It may be run at any
time, and by several people at once.`,
  options: {},
  positionals: [0, 0],
  async run(context) {
    const { client, io, paint, printJson } = context;
    const answer = fitting(Reconciliation, await client.ops.reconcile());
    const { status, compared = 0, mended = [], wrong = [] } = answer;
    if (printJson(answer)) return wrong.length === 0;
    if (status === "running") {
      io.print(
        "It takes longer than an answer may, and goes on: what is left for a person becomes letters of NeedsOperator.",
      );
      advise(context, ["needs-operator", "health"]);
      return true;
    }
    const agreed = compared - mended.length - wrong.length;
    const told = `Compared ${count(compared, "payment")}: ${agreed} agreed, ${mended.length} mended, ${wrong.length} left for a person.`;
    io.print(wrong.length > 0 ? paint.red(told) : paint.green(told));
    for (const orderId of mended) io.print(`mended  ${visible(orderId)}`);
    for (const orderId of wrong) io.print(`wrong   ${visible(orderId)}`);
    advise(
      context,
      wrong.slice(0, 1).map((orderId) => `needs-operator ${orderId}`),
    );
    return wrong.length === 0;
  },
};
