// One question after another, of which only the last one's answer counts.

/** Asked in an effect; what this gives ends it: an answer that comes after the effect has run again is dropped. */
export function latest<T>(asked: Promise<T>, got: (answer: T) => void, failed: (error: unknown) => void): () => void {
  let stale = false;
  asked.then(
    (answer) => stale || got(answer),
    (error: unknown) => stale || failed(error),
  );
  return () => (stale = true);
}
