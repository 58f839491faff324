// Pictures that were shown lately. The process lets no browser keep them on its disk; what an element still holds is there at once when
// it comes into view again.
const MOST = 200;
const held = new Map<string, HTMLImageElement>();

/** Holds a picture that has just come. The one that came into view longest ago is let go. */
export function hold(shown: HTMLImageElement): void {
  const address = shown.currentSrc;
  const one = held.get(address) ?? new Image();
  if (!one.src) one.src = address;
  held.delete(address);
  held.set(address, one);
  for (const oldest of held.keys()) {
    if (held.size <= MOST) break;
    held.delete(oldest);
  }
}
