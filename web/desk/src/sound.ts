// Sound without an element: it is decoded in the page, so that the policy of the console need not allow media from anywhere.

/** Largest file that is decoded, in bytes: a sound takes twenty times as much once it is decoded, and more. */
export const MOST = 8 * 1024 * 1024;
/** Samples a second: enough for speech, and half of what the best would take. */
const RATE = 24_000;

export class Sound {
  private playing: AudioBufferSourceNode | undefined;

  private constructor(
    private readonly context: AudioContext,
    private readonly samples: AudioBuffer,
  ) {}

  /** Throws for what the browser cannot decode. Silent until it is played. */
  static async of(bytes: Uint8Array<ArrayBuffer>): Promise<Sound> {
    const context = new AudioContext({ sampleRate: RATE });
    try {
      // It takes the bytes away: a copy goes.
      return new Sound(context, await context.decodeAudioData(bytes.slice().buffer));
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  get seconds(): number {
    return this.samples.duration;
  }

  async play(over: () => void): Promise<void> {
    this.stop();
    const playing = new AudioBufferSourceNode(this.context, { buffer: this.samples });
    playing.connect(this.context.destination);
    playing.onended = () => this.playing === playing && (this.stop(), over());
    this.playing = playing;
    await this.context.resume();
    playing.start();
  }

  stop(): void {
    const playing = this.playing;
    this.playing = undefined;
    playing?.stop();
    playing?.disconnect();
  }

  async end(): Promise<void> {
    this.stop();
    await this.context.close();
  }
}
