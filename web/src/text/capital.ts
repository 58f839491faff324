// The capital letter that a sentence of the process gets here: the process writes its sentences to follow a colon.

export function capitalised(sentence: string): string {
  return sentence.charAt(0).toLocaleUpperCase() + sentence.slice(1);
}
