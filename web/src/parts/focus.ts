// Attachments that put the focus where a person expects it.
import type { Attachment } from "svelte/attachments";

/** The first thing to type into or to read when a screen or dialog opens. */
export const focused: Attachment<HTMLElement> = (element) => {
  queueMicrotask(() => element.focus({ preventScroll: false }));
};

export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target instanceof HTMLInputElement && !/^(checkbox|radio|button|range)$/.test(target.type));
}
