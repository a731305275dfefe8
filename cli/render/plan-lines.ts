/** The chosen plan and its reason, for the top of a search. */
import type { PlanShape } from "../events.js";
import type { Style } from "../terminal/style.js";
import { toPlainLine, wrap } from "../terminal/text.js";
import { percent, strategyName, verifierName } from "./format.js";

/** `beam search, 16 candidates, width 4, scored by the prm, weighted vote of last scores, temperature 0.8`. */
export function describePlan(plan: PlanShape): string {
  const parts = [strategyName(plan.strategy)];
  if (plan.n > 1) parts.push(`${plan.n} candidates`);
  if (plan.strategy === "beam" || plan.strategy === "dvts") parts.push(`width ${plan.beam_width}`);
  if (plan.verifier !== "none") parts.push(`${verifierName(plan.verifier)} scores`);
  if (plan.reject_below > 0) parts.push(`below ${plan.reject_below} rejected`);
  if (plan.n > 1) parts.push(describeVote(plan));
  if (plan.strategy !== "greedy") parts.push(`temperature ${Number(plan.temperature.toFixed(2))}`);
  return parts.join(", ");
}

function describeVote({ verifier, vote, aggregation }: PlanShape): string {
  if (verifier === "none" || vote === "majority") return "majority vote";
  return vote === "max" ? `highest ${aggregation} score wins` : `vote weighted by ${aggregation} score`;
}

/** Label column of everything below a problem. */
export const LABEL_COLUMNS = 9;

/** A labelled paragraph: the label once, its text beside it. */
export function labelled(label: string, text: string, width: number, style: Style): string[] {
  return wrap(text, width - LABEL_COLUMNS).map(
    (line, i) => style((i === 0 ? label : "").padEnd(LABEL_COLUMNS), "dim") + line,
  );
}

export function planLines(plan: PlanShape, width: number, style: Style): string[] {
  const lines = labelled("plan", describePlan(plan), width, style);
  const estimate =
    plan.estimated_pass_rate === null ? "" : ` Estimated pass rate: ${percent(plan.estimated_pass_rate)}.`;
  const why = toPlainLine(plan.reason) + estimate;
  if (why.trim() !== "") lines.push(...labelled("why", why, width, style));
  return lines;
}
