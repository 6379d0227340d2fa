/** A terminal on a switch, however it is reached. */
export interface Channel {
  write(text: string): void;
  /** @param take text as it comes */
  onText(take: (text: string) => void): void;
  /** @param end why there will be no more */
  onEnd(end: (reason: string) => void): void;
  /** Ends it; what was begun and not committed is the switch's to throw away. */
  close(): void;
}

/** Opens a terminal. Rejects where none can be had before the signal. */
export type Dial = (signal: AbortSignal) => Promise<Channel>;
