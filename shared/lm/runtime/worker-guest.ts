/** The Worker's side: serves the methods that its set-up gives until the parent closes it. */
import { parentPort, workerData } from "node:worker_threads";
import { type FromWorker, type Methods, type ToWorker, toWireError } from "./worker-messages.js";

export interface WorkerService<M extends Methods<M>> {
  readonly methods: M;
  /** Frees what the set-up took. */
  dispose(): Promise<void>;
}

/**
 * To be called once, by the module that `spawnWorker` starts. `create` gets the parent's data and a function that sends
 * events; what it throws is what `spawnWorker` throws. Calls run as they come: ordering them is the methods' affair.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- callers name them as for spawnWorker
export function serveWorker<Data, M extends Methods<M>, Event = never>(
  create: (data: Data, emit: (event: Event) => void) => Promise<WorkerService<M>>,
): void {
  const port = parentPort;
  if (port === null) throw new Error("serveWorker must be called in a Worker");
  const post = (message: FromWorker): void => port.postMessage(message);
  const running = new Map<number, AbortController>();

  const run = async (methods: M, id: number, method: string, args: unknown): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const body = (
        methods as unknown as Readonly<
          Record<string, (args: unknown, signal: AbortSignal) => Promise<unknown>>
        >
      )[method];
      if (body === undefined) throw new Error(`the worker has no method ${method}`);
      post({ kind: "result", id, value: await body(args, controller.signal) });
    } catch (error) {
      post({ kind: "error", id, error: toWireError(error) });
    } finally {
      running.delete(id);
    }
  };

  const close = async (service: WorkerService<M>): Promise<void> => {
    for (const controller of running.values()) controller.abort(new Error("the worker is closing"));
    try {
      await service.dispose();
    } finally {
      port.close();
    }
  };

  const serve = (service: WorkerService<M>): void => {
    port.on("message", (message: ToWorker) => {
      if (message.kind === "call") void run(service.methods, message.id, message.method, message.args);
      else if (message.kind === "cancel") running.get(message.id)?.abort();
      else void close(service);
    });
    post({ kind: "ready" });
  };

  create(workerData as Data, (event) => post({ kind: "event", event })).then(serve, (error: unknown) => {
    post({ kind: "refused", error: toWireError(error) });
    port.close();
  });
}
