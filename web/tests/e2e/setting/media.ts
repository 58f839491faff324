// Sound and films that are what they say by their first bytes, and broken or absurd behind them.

export interface Media {
  name: string;
  /** What the page takes it for. */
  kind: "audio" | "video";
  bytes: Uint8Array;
}

const MOST = 0xffff_ffff;

/** Some can be played for a blink of an eye, with a length that is a lie; the others not at all. */
export const media: Media[] = [
  { name: "cut.mp4", kind: "video", bytes: mp4(Buffer.concat([size32(0x7fff_ffff), text("moov"), Buffer.alloc(16)])) },
  { name: "no-size.mp4", kind: "video", bytes: mp4(Buffer.concat([size32(7), text("moov"), size32(0), text("mdat"), Buffer.alloc(16)])) },
  { name: "all-there-is.mp4", kind: "video", bytes: mp4(Buffer.concat([size32(1), text("mdat"), size32(MOST), size32(MOST)])) },
  { name: "for-ever.m4a", kind: "audio", bytes: mp4(box("moov", box("mvhd", forEver()))) },
  { name: "deep.m4a", kind: "audio", bytes: mp4(deep(2_000)) },
  { name: "cut.webm", kind: "video", bytes: Buffer.from("1a45dfa301fffffffffffffe", "hex") },
  { name: "huge.webm", kind: "video", bytes: Buffer.concat([webmHead(), Buffer.from("1853806701fffffffffffffe1654ae6b01fffffffffffffd", "hex"), Buffer.alloc(16)]) },
  { name: "without-end.weba", kind: "audio", bytes: Buffer.concat([webmHead(), Buffer.concat(Array.from({ length: 500 }, () => Buffer.from("1853806701ffffffffffffff", "hex")))]) },
  { name: "for-ever.weba", kind: "audio", bytes: webm(1e300) },
  { name: "long.weba", kind: "audio", bytes: webm(1e15) },
  { name: "before-it-began.weba", kind: "audio", bytes: webm(-1e9) },
  { name: "cut.ogg", kind: "audio", bytes: Buffer.concat([opusHead(), page(0n, 0, 1, Buffer.alloc(200)).subarray(0, 60)]) },
  { name: "wrong-sum.ogg", kind: "audio", bytes: Buffer.concat([opusHead(), page(0n, 0, 1, Buffer.alloc(200)).fill(0xff, 22, 26)]) },
  { name: "only-laces.ogg", kind: "audio", bytes: Buffer.concat([text("OggS\0\x02"), Buffer.alloc(20), Buffer.alloc(256, 0xff)]) },
  { name: "for-ever.ogg", kind: "audio", bytes: Buffer.concat([opusHead(), page(0n, 0, 1, opusTags()), page(0x7fff_ffff_ffff_fffen, 4, 2, silence())]) },
];

function text(of: string): Buffer {
  return Buffer.from(of, "latin1");
}

function size32(size: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(size);
  return bytes;
}

function mp4(rest: Uint8Array): Buffer {
  return Buffer.concat([box("ftyp", text("isom\0\0\x02\0isomiso2mp41")), rest]);
}

function box(name: string, inside: Uint8Array): Buffer {
  return Buffer.concat([size32(inside.length + 8), text(name), inside]);
}

/** What a film says of itself in version 1: one unit a second, and as many of them as there can be. */
function forEver(): Buffer {
  const bytes = Buffer.alloc(112);
  bytes[0] = 1;
  bytes.writeUInt32BE(1, 20);
  bytes.fill(0xff, 24, 32).writeUInt8(0x7f, 24);
  return bytes;
}

function deep(levels: number): Buffer {
  let inside: Buffer = Buffer.alloc(0);
  for (let i = 0; i < levels; i++) inside = box("moov", inside);
  return inside;
}

function element(id: string, inside: Uint8Array): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(inside.length, 4);
  size[0] = 1;
  return Buffer.concat([Buffer.from(id, "hex"), size, inside]);
}

function webmHead(): Buffer {
  return element("1a45dfa3", Buffer.concat([element("4282", text("webm")), element("4287", text("\x04")), element("4285", text("\x02"))]));
}

/** A single moment of silence that is said to take so many milliseconds. */
function webm(duration: number): Buffer {
  const double = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return bytes;
  };
  const info = element("1549a966", Buffer.concat([element("2ad7b1", text("\x0f\x42\x40")), element("4489", double(duration)), element("4d80", text("x")), element("5741", text("x"))]));
  const sound = element("e1", Buffer.concat([element("b5", double(48_000)), element("9f", text("\x01"))]));
  const track = element("ae", Buffer.concat([element("d7", text("\x01")), element("73c5", text("\x01")), element("83", text("\x02")), element("86", text("A_OPUS")), element("63a2", opus()), sound]));
  const cluster = element("1f43b675", Buffer.concat([element("e7", text("\0")), element("a3", Buffer.concat([text("\x81\0\0\x80"), silence()]))]));
  return Buffer.concat([webmHead(), element("18538067", Buffer.concat([info, element("1654ae6b", track), cluster]))]);
}

/** Opus: twenty milliseconds of nothing. */
function silence(): Buffer {
  return Buffer.from("f8fffe", "hex");
}

/** What every stream of Opus begins with: version, one channel, nothing to skip, 48 kHz. */
function opus(): Buffer {
  return Buffer.concat([text("OpusHead\x01\x01\0\0"), Buffer.from("80bb0000", "hex"), Buffer.alloc(3)]);
}

function opusHead(): Buffer {
  return page(0n, 2, 0, opus());
}

function opusTags(): Buffer {
  return Buffer.concat([text("OpusTags"), Buffer.alloc(8)]);
}

/** A page of Ogg with one packet, whose checksum is right. */
function page(position: bigint, flags: number, nth: number, packet: Uint8Array): Buffer {
  const head = Buffer.alloc(28);
  head.write("OggS", "latin1");
  head[5] = flags;
  head.writeBigInt64LE(position, 6);
  head.writeUInt32LE(1, 14);
  head.writeUInt32LE(nth, 18);
  head[26] = 1;
  head[27] = packet.length;
  const whole = Buffer.concat([head, packet]);
  whole.writeUInt32LE(oggSum(whole), 22);
  return whole;
}

/** CRC-32 as Ogg has it: not reflected, without an initial value. */
function oggSum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x8000_0000 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1;
  }
  return sum >>> 0;
}
