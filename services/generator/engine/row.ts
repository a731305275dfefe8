/**
 * A row: one step of one candidate while it is generated. It draws a token from the logits after its last one, has the
 * model run that token, and so on until the step is over. What it draws depends on its place in the tree alone.
 */
import type { LogitSummary, RowOutput, Wanted } from "#shared/lm/types.js";
import { type Rng, createRng } from "#shared/rng.js";
import { describeRow, soundSummary } from "#generator/sampling/summary.js";
import type { GrowJob, Session } from "./session.js";
import { StateRecord } from "./state-record.js";
import { StepText } from "./step-text.js";
import { type TreeNode, pathTo, placeOf } from "./tree.js";
import type { FinishReason, StepEvent } from "./types.js";

/** Longest stop string that the codec lets in, in characters. */
const MAX_STOP_LENGTH = 64;

/** Tokens whose text may shape the next one's: a character of several tokens, a space. */
const TEXT_CONTEXT_TOKENS = 8;

export class Row {
  readonly session: Session;
  readonly job: GrowJob;
  readonly node: TreeNode;
  /** Tokens that this row and what follows it may still draw. */
  tokensLeft: number;
  /** The row of the batch that it runs in, once it does. */
  slot: number | undefined;
  /** After the path's last token; not to be written to. */
  logits: Float32Array;
  /** Of `logits`, once a token of this row was run. */
  #summary: LogitSummary | undefined;
  /** Why the step is over; the last token may still have to run. */
  ending: FinishReason | undefined;
  readonly tokenIds: number[] = [];
  readonly #logProbs: number[] = [];
  readonly #entropies: number[] = [];
  readonly #probeOutputs: number[] = [];
  readonly #states: StateRecord | undefined;
  #nextEntropy: number | undefined;
  /** What drawing needs; made for the first token, since many rows may wait. */
  #drawing: { readonly history: number[]; readonly rng: Rng; readonly text: StepText } | undefined;

  constructor(session: Session, job: GrowJob, node: TreeNode, logits: Float32Array, tokensLeft: number) {
    this.session = session;
    this.job = job;
    this.node = node;
    this.logits = logits;
    this.tokensLeft = tokensLeft;
    this.#states = session.includeHiddenStates ? new StateRecord(session.stateWidth) : undefined;
  }

  /** Own tokens before this step's, those below the prompt: what its place in the batch starts with. */
  get pathTokens(): number {
    return this.node.startTokens - this.session.opened.promptTokenIds.length;
  }

  get contextTokens(): number {
    return this.node.startTokens + this.tokenIds.length;
  }

  /** Draws the next token. Afterwards the token has to run (`wanted`), the step is over (`ending`), or both. */
  draw(): void {
    this.#drawing ??= this.#startDrawing();
    const { history, rng, text } = this.#drawing;
    const { sampler } = this.job;
    const { tokenId, logProb, entropy } = sampler.sample(this.logits, history, rng, this.#summary);
    this.tokenIds.push(tokenId);
    history.push(tokenId);
    this.#logProbs.push(logProb);
    this.#entropies.push(entropy);
    this.tokensLeft--;
    this.session.usage.sampled(1);
    this.ending = this.#whyOver(tokenId, text.push(tokenId));
  }

  /** What the last token's run has to give; undefined when nobody needs it run. */
  get wanted(): Wanted | undefined {
    const { probes } = this.session;
    const goesOn = this.ending === undefined || this.ending === "step";
    const observed = probes.length > 0 || this.#states !== undefined;
    if (!goesOn && !observed) return undefined;
    return {
      logits: goesOn ? "last" : "none",
      ...((goesOn || this.ending === "length") && { summary: this.job.sampler.wanted }),
      ...(probes.length > 0 && { probes }),
      ...(this.#states?.hasRoom === true && { hidden: true }),
    };
  }

  /** The last token was run. Throws `internal` where what comes after a step is no distribution. */
  advance({ logits, summaries, probe, hidden }: Omit<RowOutput, "row">): void {
    this.logits = logits;
    this.#summary = summaries.at(-1);
    for (const value of probe) this.#probeOutputs.push(value);
    if (hidden.length > 0) this.#states?.push(hidden);
    this.session.usage.placed(1);
    const known = logits.length > 0 || soundSummary(this.#summary) !== undefined;
    if (known && (this.ending === "step" || this.ending === "length"))
      this.#nextEntropy = describeRow(logits, this.#summary).entropy;
  }

  toEvent(finishReason: FinishReason): StepEvent {
    this.node.text = this.#drawing?.text.finish() ?? "";
    return {
      kind: "step",
      nodeId: this.node.id,
      parentId: this.node.parent?.id ?? 0,
      childIndex: this.node.childIndex,
      tokenIds: this.tokenIds,
      text: this.node.text,
      finishReason,
      logProbs: this.#logProbs,
      entropies: this.#entropies,
      probeOutputs: Float32Array.from(this.#probeOutputs),
      ...(this.#nextEntropy !== undefined && { nextEntropy: this.#nextEntropy }),
      ...(this.#states && { hiddenStates: this.#states.values() }),
    };
  }

  #whyOver(tokenId: number, byText: "step" | "stop" | undefined): FinishReason | undefined {
    if (this.session.text.eosTokenIds.includes(tokenId)) return "eos";
    if (byText === "stop") return "stop";
    // A path that fills the context cannot go on, delimiter or not.
    if (this.contextTokens >= this.session.contextLength) return "length";
    if (byText === "step") return "step";
    return this.tokensLeft === 0 ? "length" : undefined;
  }

  #startDrawing() {
    const { session } = this;
    const above = pathTo(this.node).slice(0, -1);
    // All tokens of the path, the prompt's included.
    const history = [...session.opened.promptTokenIds, ...above.flatMap((at) => at.tokenIds)];
    const text = new StepText({
      tokenizer: session.text.tokenizer,
      contextTokenIds: history.slice(-TEXT_CONTEXT_TOKENS),
      textBefore: above
        .map((at) => at.text)
        .join("")
        .slice(-MAX_STOP_LENGTH),
      delimiter: session.stepDelimiter,
      stop: this.job.sampling.stop,
    });
    return { history, rng: createRng(session.seed, ...placeOf(this.node)), text };
  }
}
