/**
 * What a chat template writes around the messages of a conversation. Texts never pass through the template: it is
 * rendered once with placeholders, and they are encoded into the gaps, so that no text can open a turn.
 */
import type { ChatMessage, ChatTemplate } from "#shared/lm/checkpoint/chat-template.js";
import { ServiceError } from "#shared/errors.js";

/** A character of the private use area: no template tests for it, no trimming takes it away. */
const MARK = "\uE0F1";

export interface Turn {
  readonly role: string;
  /** undefined: a gap. */
  readonly content?: string;
}

/**
 * The text before, between and behind the gaps of a conversation: one more than there are gaps.
 * @throws ServiceError `failed_precondition` when the template drops or repeats a message
 */
export function chatFrame(template: ChatTemplate, turns: readonly Turn[]): string[] {
  const messages = turns.map(({ role, content }): ChatMessage => ({ role, content: content ?? MARK }));
  const frame = template.render(messages, false).split(MARK);
  const gaps = turns.filter(({ content }) => content === undefined).length;
  if (frame.length === gaps + 1) return frame;
  throw new ServiceError(
    "failed_precondition",
    `the PRM's chat template must write each of ${gaps} messages once, got ${frame.length - 1} of them; take the template that the PRM was published with`,
    { reason: "INVALID_PRM" },
  );
}
