import { credentials, ServerCredentials, type ChannelCredentials } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { ServiceError } from "#shared/errors.js";

/** PEM files of a server. */
export interface ServerTls {
  readonly certPath: string;
  readonly keyPath: string;
  /** With it clients must show a certificate signed by this authority (mutual TLS). */
  readonly clientCaPath?: string;
}

/** PEM files of a client. */
export interface ClientTls {
  /** Unset: the authorities that Node trusts. */
  readonly caPath?: string;
  /** Both or neither: the client's own certificate, for mutual TLS. */
  readonly certPath?: string;
  readonly keyPath?: string;
}

export function serverCredentials(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { cert_chain: readPem(tls.certPath), private_key: readPem(tls.keyPath) };
  const clientCa = tls.clientCaPath === undefined ? null : readPem(tls.clientCaPath);
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null);
}

export function channelCredentials(tls: ClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  if ((tls.certPath === undefined) !== (tls.keyPath === undefined))
    throw new ServiceError(
      "invalid_argument",
      "a client certificate needs both its certificate and its key file",
    );
  const read = (path: string | undefined): Buffer | null => (path === undefined ? null : readPem(path));
  return credentials.createSsl(read(tls.caPath), read(tls.keyPath), read(tls.certPath));
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ServiceError("invalid_argument", `the PEM file ${path} must be readable`, {}, { cause });
  }
}
