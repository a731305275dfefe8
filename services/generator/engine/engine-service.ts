/** An engine behind messages: the Worker's half. The other half is `engine-host`. */
import { ServiceError } from "#shared/errors.js";
import { toWireError } from "#shared/lm/runtime/worker-messages.js";
import { type AnyEvent, eventWeight } from "./event-weight.js";
import type { Engine, EngineSession } from "./types.js";
import type { EngineDescription, EngineMethods, SessionMessage } from "./worker-methods.js";

/** Events of a call, by weight, that may be on their way to a reader who has not taken them. */
const EVENT_WINDOW = 32;

/** `emit` sends a message to the other half, in order. */
export function createEngineService(
  engine: Engine,
  stats: SharedArrayBuffer,
  emit: (message: SessionMessage) => void,
): EngineMethods {
  const sessions = new Map<number, EngineSession>();
  const flows = new Map<number, Flow>();
  const find = (id: number): EngineSession => {
    const session = sessions.get(id);
    if (session === undefined) throw new ServiceError("cancelled", "the session is over; open another");
    return session;
  };

  /** Sends what there is to read, as fast as it is read; `cancel` ends it early. */
  const forward = async (id: number, events: AsyncIterable<AnyEvent>, cancel: () => void): Promise<void> => {
    const flow = new Flow(cancel);
    flows.set(id, flow);
    try {
      for await (const event of events) {
        await flow.takeCredit(eventWeight(event));
        emit({ session: id, event });
      }
      emit({ session: id, over: true });
    } catch (error) {
      emit({ session: id, over: true, error: toWireError(error) });
    } finally {
      sessions.delete(id);
      flows.delete(id);
    }
  };

  return {
    describe: async (): Promise<EngineDescription> => ({ info: engine.info, stats }),
    async open({ session: id, request }, signal) {
      const session = await engine.openSession(request, signal);
      sessions.set(id, session);
      void forward(id, session.events, () => session.cancel());
      return session.opened;
    },
    async featurize({ session: id, request }) {
      const leaving = new AbortController();
      void forward(id, engine.featurize(request, leaving.signal), () => leaving.abort());
    },
    grow: async ({ session, request }) => find(session).grow(request),
    prune: async ({ session, nodeIds }) => find(session).prune(nodeIds),
    end: async ({ session }) => sessions.get(session)?.end(),
    cancel: async ({ session }) => flows.get(session)?.cancel(),
    read: async ({ session, weight }) => flows.get(session)?.giveCredit(weight),
  };
}

/** How much may still be sent to the reader of a call. */
class Flow {
  readonly #onCancel: () => void;
  #credit = EVENT_WINDOW;
  #wake: (() => void) | undefined;

  constructor(onCancel: () => void) {
    this.#onCancel = onCancel;
  }

  /** Resolves when one more event may be sent; a heavy one may overdraw. */
  async takeCredit(weight: number): Promise<void> {
    while (this.#credit <= 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#credit -= weight;
  }

  giveCredit(weight: number): void {
    this.#credit += weight;
    this.#wake?.();
  }

  cancel(): void {
    // Nobody reads any more, so there is nothing to wait for.
    this.giveCredit(Infinity);
    this.#onCancel();
  }
}
