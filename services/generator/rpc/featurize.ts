import type { FeaturizeRequest__Output } from "#shared/rpc/gen/deliberate/v1/FeaturizeRequest.js";
import type { FeaturizeResponse } from "#shared/rpc/gen/deliberate/v1/FeaturizeResponse.js";
import type { ServerStreamHandler } from "#shared/rpc/methods.js";
import type { Engine } from "../engine/types.js";
import { toFeaturizeRequest } from "./codec.js";
import { fromFeatureEvent } from "./reply-codec.js";

/** What the model makes of given texts. A reader that is slow stops the engine's work on them. */
export function featurize(engine: Engine): ServerStreamHandler<FeaturizeRequest__Output, FeaturizeResponse> {
  return async function* (request, { signal }) {
    let width = 0;
    for await (const event of engine.featurize(toFeaturizeRequest(request, engine.info.limits), signal)) {
      if (event.kind === "featurizing") ({ width } = event);
      yield fromFeatureEvent(event, width);
    }
  };
}
