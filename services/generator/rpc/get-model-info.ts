import type { GetModelInfoRequest__Output } from "#shared/rpc/gen/deliberate/v1/GetModelInfoRequest.js";
import type { GetModelInfoResponse } from "#shared/rpc/gen/deliberate/v1/GetModelInfoResponse.js";
import type { UnaryHandler } from "#shared/rpc/methods.js";
import type { Engine } from "../engine/types.js";
import { fromInfo } from "./reply-codec.js";

/** What model is served, and how full it is. */
export function getModelInfo(
  engine: Engine,
): UnaryHandler<GetModelInfoRequest__Output, GetModelInfoResponse> {
  return async () => fromInfo(engine.info, engine.stats());
}
