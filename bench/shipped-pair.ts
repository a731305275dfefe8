/** Both services on the shipped models, as processes, for as long as a measurement needs them. */
import { chooseModels } from "#cli/options/models.js";
import { startPair } from "#cli/services/pair.js";
import type { VerifierClient } from "#cli/services/use.js";
import { createClient } from "#shared/rpc/connect.js";
import { verifierService } from "#shared/rpc/proto.js";

const QUIET = { during: <T>(_what: string, work: () => Promise<T>): Promise<T> => work() };

export async function withShippedPair<T>(
  signal: AbortSignal,
  work: (verifier: VerifierClient) => Promise<T>,
): Promise<T> {
  const pair = await startPair(chooseModels({}), QUIET, signal);
  const client = createClient(verifierService, pair.verifier.address);
  try {
    return await work(client);
  } finally {
    client.close();
    await pair.stop();
  }
}
