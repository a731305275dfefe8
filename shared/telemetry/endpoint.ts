/** The HTTP server of `/metrics`: one path, to read. It never ends the service it tells about. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { configError } from "#shared/config/env.js";
import type { Logger } from "#shared/log.js";
import { hostPort } from "#shared/rpc/serve.js";

export interface Place {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The setting that chose the port, for messages. */
  readonly variable: string;
}

export interface Endpoint {
  /** host:port */
  readonly address: string;
  /** Ends scrapes that run, too. */
  close(): Promise<void>;
}

/** Scrapers are few; whoever opens more connections waits. */
const MAX_CONNECTIONS = 32;

/** @throws ServiceError `invalid_argument` naming the variable when the address cannot be had. */
export async function openEndpoint(place: Place, answer: RequestListener, log: Logger): Promise<Endpoint> {
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/metrics") response.writeHead(404).end();
    else if (request.method === "GET" || request.method === "HEAD") answer(request, response);
    else response.writeHead(405, { allow: "GET, HEAD" }).end();
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, place);
  // A connection that cannot be accepted, say: unheard, it would end the process.
  server.on("error", (err) => log.warn({ err }, "the metrics endpoint"));
  return {
    address: hostPort(place.host, (server.address() as AddressInfo).port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port, variable }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = ({ message }: Error): void =>
      reject(configError(variable, `must be a port to listen on, got ${hostPort(host, port)}: ${message}`));
    server.once("error", onError).listen({ host, port }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}
