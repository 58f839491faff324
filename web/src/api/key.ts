// The key of this browser's session. Every request shows it beside the cookie: a browser sends a cookie to every port of this
// machine, whoever listens there, and keeps this for the page's own origin, to which the port belongs. Windows share it.
const NAME = "key";

/** Found anew each time: another window may have opened another session. */
export function key(): string {
  return localStorage.getItem(NAME) ?? "";
}

export function keep(given: string): void {
  localStorage.setItem(NAME, given);
}

export function forget(): void {
  localStorage.removeItem(NAME);
}

/** Another window has forgotten it. */
export function whenForgotten(listener: () => void): void {
  window.addEventListener("storage", () => {
    if (key() === "") listener();
  });
}

/** For what an element, or a stream, loads by itself: no header can be set there. */
export function keyed(address: string): string {
  return `${address}${address.includes("?") ? "&" : "?"}key=${key()}`;
}
