/** The PRM as a search sees it. */
import type { ScorerSession, StepScorer } from "../../ports.js";
import type { PrmScorer, PrmSession } from "./prm-host.js";

export function prmStepScorer(prm: PrmScorer): StepScorer {
  return {
    name: prm.name,
    hash: prm.info.hash,
    flopsPerToken: prm.info.flopsPerToken,
    probes: prm.probes,
    open: async (problem, signal) => new PrmStepSession(() => prm.open(problem, signal)),
  };
}

/** The Worker is told of the problem when it is to be read. */
class PrmStepSession implements ScorerSession {
  readonly #open: () => Promise<PrmSession>;
  #opening: Promise<PrmSession> | undefined;
  #session: PrmSession | undefined;

  constructor(open: () => Promise<PrmSession>) {
    this.#open = open;
  }

  async begin(): Promise<void> {
    this.#opening ??= this.#open();
    this.#session = await this.#opening;
  }

  async score(steps: Parameters<ScorerSession["score"]>[0]) {
    await this.begin();
    return (await this.#session!.score(steps)).map((score) => ({ score, prm: score }));
  }

  prune(nodeIds: Parameters<ScorerSession["prune"]>[0]): void {
    this.#session?.prune(nodeIds);
  }

  usage() {
    return this.#session?.usage() ?? { verifierTokens: 0, flops: 0 };
  }

  close(): void {
    this.#opening?.then(
      (session) => session.close(),
      // Whoever began it was told.
      () => undefined,
    );
  }
}
