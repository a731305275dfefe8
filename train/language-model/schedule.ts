/** Linear warm-up, then a cosine from the peak to `finalRatio` of it (Loshchilov & Hutter 2017). */
export interface Schedule {
  readonly peakLearningRate: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly finalRatio: number;
}

/** The learning rate of step `step`, counted from 0. */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { peakLearningRate, warmupSteps, totalSteps, finalRatio } = schedule;
  if (step < warmupSteps) return (peakLearningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const cosine = (1 + Math.cos(Math.PI * progress)) / 2;
  return peakLearningRate * (finalRatio + (1 - finalRatio) * cosine);
}
