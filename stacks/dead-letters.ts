/** As long as SQS keeps a message: what is forgotten in a queue leaves no letter, and nobody is told. */
export const retentionSeconds = 14 * 24 * 60 * 60;

/**
 * Where a letter goes when a person redrives it, and after how long one that a queue took is back if it fails again. A
 * failed schedule run goes nowhere: the next run makes up for it.
 */
export type Redrive =
  | { to: "queue"; queue: sst.aws.Queue; backWithinSeconds: number }
  | { to: "machine"; machine: sst.aws.StepFunctions; alias: aws.sfn.Alias }
  | { to: "bus" }
  | { to: "nothing" };

interface DeadLetters {
  /** Whose letters these are: the logical name of what failed. */
  subscriber: string;
  queue: sst.aws.Queue;
  /** The names of the events that its letters may hold. */
  events: string[];
  /** A function, because what failed is made after the queue for its failures. */
  redrive: () => Redrive;
}

/** Every queue of dead letters there is, for the operators' API. */
export const allDeadLetters: DeadLetters[] = [];

/** A queue for a person to look at: it keeps what arrives for as long as SQS can. */
export function deadLetters(subscriber: string, events: string[], redrive: () => Redrive) {
  const queue = new sst.aws.Queue(`${subscriber}DeadLetters`, {
    transform: {
      queue: (args) => {
        args.messageRetentionSeconds = retentionSeconds;
      },
    },
  });
  allDeadLetters.push({ subscriber, queue, events, redrive });
  return queue;
}
