/** An engine behind messages: the Worker's half. The other half is `engine-host`. */
import { ServiceError } from "#shared/errors.js";
import { toWireError } from "#shared/lm/runtime/worker-messages.js";
import type { Engine, EngineSession } from "./types.js";
import type { EngineDescription, EngineMethods, SessionMessage } from "./worker-methods.js";

/** Events of a session that may be on their way to a reader who has not taken them. */
const EVENT_WINDOW = 32;

/** `emit` sends a message to the other half, in order. */
export function createEngineService(
  engine: Engine,
  stats: SharedArrayBuffer,
  emit: (message: SessionMessage) => void,
): EngineMethods {
  const sessions = new Map<number, ServedSession>();
  const find = (id: number): ServedSession => {
    const served = sessions.get(id);
    if (served === undefined) throw new ServiceError("cancelled", "the session is over; open another");
    return served;
  };

  const forward = async (id: number, served: ServedSession): Promise<void> => {
    try {
      for await (const event of served.session.events) {
        await served.takeCredit();
        emit({ session: id, event });
      }
      emit({ session: id, over: true });
    } catch (error) {
      emit({ session: id, over: true, error: toWireError(error) });
    } finally {
      sessions.delete(id);
    }
  };

  return {
    describe: async (): Promise<EngineDescription> => ({ info: engine.info, stats }),
    async open({ session: id, request }, signal) {
      const session = await engine.openSession(request, signal);
      const served = new ServedSession(session);
      sessions.set(id, served);
      void forward(id, served);
      return session.opened;
    },
    grow: async ({ session, request }) => find(session).session.grow(request),
    prune: async ({ session, nodeIds }) => find(session).session.prune(nodeIds),
    end: async ({ session }) => sessions.get(session)?.session.end(),
    cancel: async ({ session }) => sessions.get(session)?.cancel(),
    read: async ({ session }) => sessions.get(session)?.giveCredit(),
  };
}

/** A session and how many events may still be sent to its reader. */
class ServedSession {
  readonly session: EngineSession;
  #credit = EVENT_WINDOW;
  #wake: (() => void) | undefined;

  constructor(session: EngineSession) {
    this.session = session;
  }

  /** Resolves when one more event may be sent. */
  async takeCredit(): Promise<void> {
    while (this.#credit <= 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#credit--;
  }

  giveCredit(): void {
    this.#credit++;
    this.#wake?.();
  }

  cancel(): void {
    // Nobody reads any more, so there is nothing to wait for.
    this.#credit = Infinity;
    this.#wake?.();
    this.session.cancel();
  }
}
