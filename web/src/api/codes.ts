// Codes in pictures, read by the process.
import { postBytes } from "./client";

/** The texts of the QR codes in a picture; none if there are none that can be read. */
export async function scan(picture: Blob): Promise<string[]> {
  return (await postBytes<{ codes: string[] }>("scan", picture)).codes;
}
