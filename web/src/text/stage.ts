// How far a message of one's own has come, in a sign and in words.
import { m } from "../paraglide/messages.js";
import type { Message } from "../api/types";

type Way = Pick<Message, "state" | "read" | "delivered">;
type Stage = "failed" | "queued" | "sent" | "delivered" | "read";

/** `others`: how many are in the conversation besides oneself; none where one is no longer in it. */
export function stageOf(message: Way, others: number): Stage {
  if (message.state === "failed" || message.state === "queued") return message.state;
  if (others > 0 && message.read >= others) return "read";
  return others > 0 && message.delivered >= others ? "delivered" : "sent";
}

export function stageInWords(message: Way, others: number): string {
  const stage = stageOf(message, others);
  if (stage === "queued") return m.state_queued();
  if (stage === "failed") return m.not_sent();
  if (stage === "read") return m.state_read();
  if (message.read > 0) return others > 0 ? m.state_read_by({ n: message.read, of: others }) : m.state_read_by_some({ n: message.read });
  if (stage === "delivered") return m.state_delivered();
  if (others > 1 && message.delivered > 0) return m.state_delivered_to({ n: message.delivered, of: others });
  return m.state_sent();
}
