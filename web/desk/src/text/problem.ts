// What the console refuses, as a sentence that says what to do. The codes are those of crates/server/src/console/error.rs and
// guard.rs; a test looks whether each has its sentence.
import { clock } from "./time";

const SENTENCES: Record<string, string> = {
  away: "The service does not answer: see whether it runs and you are in its network, then try again.",
  failed: "The service failed, and nothing was changed. Try again, and tell the operator if it goes on.",
  malformed: "The service cannot read that: load the page again, and tell the operator if it goes on.",
  "too-large": "That is too long: shorten it.",
  "not-found": "There is nothing at this address: go back to the queues.",
  "other-host": "This desk is at another address: open it there.",
  "other-site": "This request came from another page: open the desk at its own address.",
  "no-session": "You are signed out: a session ends after half an hour without use, and after twelve hours. Sign in again.",
  "not-proven": "That did not prove who you are: try again, or ask a lead for a new invitation.",
  "too-often": "Too many requests without a session come from your address: wait a minute, and try again.",
  "known-key": "This key is somebody’s of the team, or was: come in with one of your own.",
  "no-passkeys": "This desk has no passkeys: sign in with a key of the command line (trefoil moderate), or ask the operator to give console.origin the name of a host.",
  "bad-invitation": "This invitation is not good (any more): ask a lead or the operator for a new one.",
  taken: "Somebody of the team has this name, or had it: choose another.",
  nobody: "Nobody of the team has this name: load the list again.",
  contended: "Somebody changed this at the same moment: load it again, and try once more.",
  "no-such-case": "There is no such case (any more): take another one from the queues.",
  role: "Your role does not allow this: ask a lead.",
  claimed: "Somebody else has this case: take another one from the queues.",
  "not-claimed": "You do not have this case (any more): a claim ends after half an hour. Take it again.",
  "took-part": "You took part in this decision: somebody else must look at it now.",
  decided: "This case is decided already: take the decision back first, or wait for an appeal.",
  "nothing-proposed": "Nothing in this case waits to be confirmed (any more): take another one from the queues.",
  proposed: "A decision waits in this case: confirm it or send it back.",
  "no-appeal": "No appeal waits in this case (any more): take another one from the queues.",
  appealed: "An appeal waits in this case: answer it.",
  "not-opened": "This needs what was shown to be opened first: open it, and take the case again if your claim ended.",
  "no-decision": "No decision of this case is in force (any more): load it again.",
  "no-rule": "Choose the rule that it rests on.",
  explanation: "Explain it, in a few sentences (at most 4096 bytes): the person reads it.",
  evidence: "The report shows no message of that number: choose among those that it shows.",
  until: "A limit and a suspension need an end that is to come: choose one.",
  "not-ours": "People of other services can only be banned here, or removed from a room of this service. Their own service was told.",
  "other-category": "Only a case about the exploitation of children is reported to NCMEC.",
  "no-tipline": "This service has no line to NCMEC: the operator sets it up in the configuration.",
  "not-now": "This report to NCMEC was released or taken back already: load the list again.",
  "no-attachment": "There is no such attachment, or it could not be opened: load the case again.",
  "not-fetched": "You say that you looked at a file that you neither showed nor saved in this case: show it first, or take the mark away.",
  "no-tip": "There is no such report to NCMEC (any more): load the list again.",
  "no-list": "There is no list of this name (any more): load them again.",
  "no-appeal-taken": "No appeal is taken: there is one for each decision, within half a year.",
  escalated: "The child safety team has this case already.",
  "not-two": "One of you let the other into the team, so you do not count as two: somebody else confirms this. The operator can invite one more.",
  "two-decided": "Two people decided this: only a lead who took no part takes it back.",
  "bad-list": "This list cannot be taken in: it needs at least one line, and each has to be sha256 or pdq, and 64 hexadecimal digits. Mend the file, and choose it again.",
  "bad-tip": "This report to NCMEC cannot be made: its files may be too many or too large, or the operator has not said in the configuration who reports. Tell the operator.",
};

export function inWords({ code = "", message = "", until }: { code?: string; message?: string; until?: number }): string {
  if (code === "rest") {
    const when = until === undefined ? "later" : `after ${clock(until)}`;
    return `You opened as much as one person should. Rest, and go on ${when}. Give this case back for somebody else; cases that you have opened can still be decided.`;
  }
  const line = code === "bad-list" ? /^line (\d+) /.exec(message)?.[1] : undefined;
  if (line) return `Line ${line} of the file is no hash: each has to be sha256 or pdq, and 64 hexadecimal digits. Mend it, and choose the file again.`;
  if (Object.hasOwn(SENTENCES, code)) return SENTENCES[code]!;
  return message === "" ? SENTENCES["failed"]! : message[0]!.toUpperCase() + message.slice(1) + ".";
}
