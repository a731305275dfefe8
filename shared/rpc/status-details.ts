/**
 * google.rpc.Status in the `grpc-status-details-bin` trailer: grpc-js has no helper, so the message is encoded here from
 * the .proto files beside this one.
 */
import { join } from "node:path";
import protobuf from "protobufjs";
import type { ErrorDetails } from "#shared/errors.js";
import { packageRoot } from "./package-root.js";

/** ErrorInfo.domain of every reason that this product defines. */
export const errorDomain = "deliberate.dev";
/** A trailer must fit the peer's header limit (8 KiB with many proxies), so long lists are cut. */
const maxListed = 16;
const maxTextLength = 300;
const typeUrlPrefix = "type.googleapis.com/";

const root = loadRoot();
const statusType = root.lookupType("google.rpc.Status");

function loadRoot(): protobuf.Root {
  const files = ["status", "error_details"].map((name) =>
    join(packageRoot, "shared/rpc/google/rpc", `${name}.proto`),
  );
  const loaded = new protobuf.Root();
  // google/protobuf/any.proto and duration.proto are bundled with protobufjs.
  loaded.resolvePath = (_origin, target) => target;
  return loaded.loadSync(files);
}

/** The details worth sending, or undefined when there are none. */
export function encodeDetails(code: number, message: string, details: ErrorDetails): Buffer | undefined {
  const packed = [
    ...packBadRequest(details),
    ...packErrorInfo(details),
    ...packRetryInfo(details),
    ...packQuotaFailure(details),
  ];
  if (packed.length === 0) return undefined;
  const status = { code, message, details: packed };
  return Buffer.from(statusType.encode(statusType.fromObject(status)).finish());
}

function pack(name: string, value: Record<string, unknown>): { type_url: string; value: Uint8Array } {
  const type = root.lookupType(`google.rpc.${name}`);
  return {
    type_url: `${typeUrlPrefix}google.rpc.${name}`,
    value: type.encode(type.fromObject(value)).finish(),
  };
}

function packBadRequest({ fieldViolations = [] }: ErrorDetails) {
  if (fieldViolations.length === 0) return [];
  const listed = fieldViolations.slice(0, maxListed).map(({ field, description }) => ({
    field: cut(field),
    description: cut(description),
  }));
  return [pack("BadRequest", { fieldViolations: listed })];
}

function packErrorInfo({ reason, metadata = {} }: ErrorDetails) {
  if (reason === undefined) return [];
  const entries = Object.entries(metadata).slice(0, maxListed);
  const short = Object.fromEntries(entries.map(([key, value]) => [key, cut(value)]));
  return [pack("ErrorInfo", { reason, domain: errorDomain, metadata: short })];
}

function packRetryInfo({ retryAfterMs }: ErrorDetails) {
  if (retryAfterMs === undefined) return [];
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs - 1000 * seconds) * 1e6);
  return [pack("RetryInfo", { retryDelay: { seconds, nanos } })];
}

function packQuotaFailure({ quotaViolations = [] }: ErrorDetails) {
  if (quotaViolations.length === 0) return [];
  return [pack("QuotaFailure", { violations: quotaViolations.slice(0, maxListed) })];
}

/** Well-formed Unicode of bounded length. */
export function cut(text: string, maxLength: number = maxTextLength): string {
  return (text.length > maxLength ? `${text.slice(0, maxLength)}...` : text).toWellFormed();
}

interface PlainStatus {
  readonly details?: readonly { readonly type_url?: string; readonly value?: Uint8Array }[];
}

/** Reads what `encodeDetails` wrote. Unknown details are skipped; bytes that do not parse mean no details. */
export function decodeDetails(bytes: Uint8Array): ErrorDetails {
  try {
    const status = statusType.toObject(statusType.decode(bytes)) as PlainStatus;
    return Object.assign({}, ...(status.details ?? []).map(unpack)) as ErrorDetails;
  } catch {
    return {};
  }
}

function unpack({
  type_url: url = "",
  value = new Uint8Array(),
}: {
  type_url?: string;
  value?: Uint8Array;
}): ErrorDetails {
  const name = url.slice(url.lastIndexOf("/") + 1);
  const type = name.startsWith("google.rpc.") ? root.lookupType(name) : undefined;
  if (type === undefined) return {};
  const plain = type.toObject(type.decode(value), {
    longs: Number,
    defaults: true,
    arrays: true,
    objects: true,
  });
  switch (name) {
    case "google.rpc.BadRequest":
      return { fieldViolations: plain["fieldViolations"] };
    case "google.rpc.QuotaFailure":
      return { quotaViolations: plain["violations"] };
    case "google.rpc.RetryInfo": {
      const { seconds = 0, nanos = 0 } = plain["retryDelay"] ?? {};
      return { retryAfterMs: 1000 * seconds + nanos / 1e6 };
    }
    case "google.rpc.ErrorInfo":
      return plain["domain"] === errorDomain ? { reason: plain["reason"], metadata: plain["metadata"] } : {};
    default:
      return {};
  }
}
