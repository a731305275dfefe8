/** Entry of the process in which our model is measured. */
import { serveRunner, stepwise } from "./child.js";
import { createOurs, type OursSetup } from "./ours.js";

await serveRunner(async (setup: OursSetup) => stepwise(await createOurs(setup)));
