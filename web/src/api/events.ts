// The stream of what changes, from the process to the page. It comes back by itself; each time it begins `gap` is called,
// because whatever happened before must be asked for anew.
import { keyed } from "./key";
import type { AppEvent } from "./types";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 15_000;

export interface Listening {
  event(event: AppEvent): void;
  gap(): void;
  connected(is: boolean): void;
  /** No connection came about. A browser does not say why: ask in another way. */
  failed(): void;
}

export function listen(to: Listening): () => void {
  let socket: WebSocket | undefined;
  let timer: number | undefined;
  let wait = FIRST_WAIT;
  let ended = false;

  function open(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(keyed(`${scheme}//${location.host}/api/v1/events`));
    let opened = false;
    socket.onopen = () => {
      opened = true;
      wait = FIRST_WAIT;
      to.connected(true);
      to.gap();
    };
    socket.onmessage = (message) => {
      if (typeof message.data !== "string") return;
      to.event(JSON.parse(message.data) as AppEvent);
    };
    socket.onclose = () => {
      to.connected(false);
      if (!opened && !ended) to.failed();
      if (!ended) timer = window.setTimeout(open, nextWait());
    };
  }

  function nextWait(): number {
    const now = wait * (0.75 + Math.random() / 2);
    wait = Math.min(wait * 2, LONGEST_WAIT);
    return now;
  }

  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket?.close();
  };
}
