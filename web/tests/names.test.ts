import { describe, expect, it } from "vitest";
import { calledNow } from "../src/text/names";

const address = "mimi://account.test/u/nqjksfabcdef";

describe("who said something", () => {
  it("is called as they are by now where their name came after what they said", () => {
    const known = { user: address, name: "Amina" };
    expect(calledNow("", address, known)).toBe("Amina");
    expect(calledNow(address, address, known)).toBe("Amina");
    expect(calledNow("Amina in May", address, known)).toBe("Amina in May");
  });

  it("is called by the beginning of their address while no name is known", () => {
    expect(calledNow("", address, undefined)).toBe("nqjksf…");
    expect(calledNow(address, address, { user: address, name: "" })).toBe("nqjksf…");
  });
});
