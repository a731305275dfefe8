/** Entry of the process in which the served engine is measured. */
import { serveRunner } from "./child.js";
import { createServed } from "./served.js";

await serveRunner(createServed);
