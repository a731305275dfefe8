/** Entry of the process in which the served engine is measured. */
import { serveRunner } from "./child.js";
import { createServed, type ServedSetup } from "./served.js";

await serveRunner<ServedSetup>(createServed);
