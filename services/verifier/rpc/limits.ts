import { ServiceError } from "#shared/errors.js";

/** What one caller may ask of this server. */
export interface RequestLimits {
  readonly maxProblemBytes: number;
  /** Of a step that a caller supplies. */
  readonly maxStepBytes: number;
  /** Steps of one Score session, all paths together. */
  readonly maxScoredSteps: number;
}

const RETRY_MS = 1000;

/** Places for searches and scoring sessions that run at the same time. */
export class Admission {
  readonly max: number;
  #taken = 0;

  constructor(max: number) {
    this.max = max;
  }

  get running(): number {
    return this.#taken;
  }

  /** Runs `session` in a place of its own. @throws ServiceError `resource_exhausted` at once when none is free. */
  async *within<T>(session: () => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    if (this.#taken >= this.max) {
      const description = `at most ${this.max} run at the same time`;
      throw new ServiceError(
        "resource_exhausted",
        `searches and scoring sessions: ${description}; try again later`,
        {
          reason: "TOO_MANY_SEARCHES",
          retryAfterMs: RETRY_MS,
          quotaViolations: [{ subject: "searches", description }],
        },
      );
    }
    this.#taken += 1;
    try {
      yield* session();
    } finally {
      this.#taken -= 1;
    }
  }
}
