import { runService } from "#shared/config/run-service.js";
import { toConfig } from "./config.js";
import { createService } from "./service.js";

await runService("verifier", (env) => createService(toConfig(env)));
