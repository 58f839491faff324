import { beforeAll, describe, expect, it } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { stageInWords, stageOf } from "../src/text/stage";

const sent = { state: "sent" as const, read: 0, delivered: 0 };

describe("how far a message has come", () => {
  beforeAll(() => overwriteGetLocale(() => "en"));

  it("is said by how many there are to read it", () => {
    expect(stageInWords({ ...sent, read: 1, delivered: 2 }, 3)).toBe("Read by 1 of 3");
    expect(stageInWords({ ...sent, delivered: 2 }, 3)).toBe("Delivered to 2 of 3");
    expect(stageInWords({ ...sent, read: 1, delivered: 1 }, 1)).toBe("Read");
    expect(stageOf({ ...sent, state: "queued" }, 3)).toBe("queued");
  });

  it("says only how many have read where one is no longer in the conversation", () => {
    expect(stageInWords({ ...sent, read: 1, delivered: 1 }, 0)).toBe("Read by 1");
    expect(stageInWords(sent, 0)).toBe("Sent");
  });
});
