/**
 * The 16 virtual-machine sizes of the processed Azure V1 stream, in the order of their letters
 * (`flav_map.txt` of the data's repository; Bergsma et al., SOSP 2021).
 */
export interface Flavour {
  readonly letter: string;
  readonly cores: number;
  readonly memoryGb: number;
}

export const FLAVOURS: readonly Flavour[] = [
  { letter: 'a', cores: 1, memoryGb: 0.75 },
  { letter: 'b', cores: 1, memoryGb: 1.75 },
  { letter: 'c', cores: 1, memoryGb: 2 },
  { letter: 'd', cores: 16, memoryGb: 112 },
  { letter: 'e', cores: 2, memoryGb: 14 },
  { letter: 'f', cores: 2, memoryGb: 16 },
  { letter: 'g', cores: 2, memoryGb: 3.5 },
  { letter: 'h', cores: 2, memoryGb: 4 },
  { letter: 'i', cores: 4, memoryGb: 28 },
  { letter: 'j', cores: 4, memoryGb: 32 },
  { letter: 'k', cores: 4, memoryGb: 7 },
  { letter: 'l', cores: 4, memoryGb: 8 },
  { letter: 'm', cores: 8, memoryGb: 14 },
  { letter: 'n', cores: 8, memoryGb: 16 },
  { letter: 'o', cores: 8, memoryGb: 56 },
  { letter: 'p', cores: 8, memoryGb: 64 },
];
