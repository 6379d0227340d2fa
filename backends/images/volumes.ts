/**
 * Where the bytes of golden images and disks are kept. The store above decides what is done and in
 * which order, and keeps the records; volumes move bytes. Everything may be done twice. They throw
 * an OcxError where they fail, and are then asked whether it is there all the same.
 */

/** A golden image or disk, as the store's records have it. */
export interface VolumeName {
  /** Folder of its record; volumes in files lie in it. */
  readonly folder: string;
  /** Name that no other has, fit for a name anywhere: letters, digits, `-` and `.`. */
  readonly name: string;
}

export interface GoldenImage extends VolumeName {
  readonly sizeBytes: number;
  /** What `seal` has returned. */
  readonly seal: string;
}

/** Keys in hex. */
export interface DiskEncryption {
  /** Of the volume that all encrypted disks of one owner on one image stand on. */
  readonly baseKey: string;
  readonly diskKey: string;
  /** Folder of that volume; it is made where it is missing. */
  readonly baseFolder: string;
}

export interface Volumes {
  /** Whether disks can be encrypted. */
  readonly encrypts: boolean;
  /**
   * Takes a checked raw image in.
   *
   * @param file of the raw image; it is the volumes' own from now on
   * @returns the seal: by it a change of the image is noticed
   */
  seal(image: VolumeName, file: string, signal: AbortSignal): Promise<string>;
  /** False where the image is not any more what was sealed. */
  isSealed(image: GoldenImage, thoroughly: boolean, signal: AbortSignal): Promise<boolean>;
  removeImage(image: VolumeName, signal: AbortSignal): Promise<void>;
  snapshot(
    change: 'take' | 'protect' | 'unprotect' | 'remove',
    image: VolumeName,
    snapshotName: string,
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes a disk that shows the image's content and keeps writes to itself. */
  clone(
    image: GoldenImage,
    snapshotName: string,
    disk: VolumeName,
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes a disk that nobody has used yet into an encrypted one with the same content. */
  encrypt(
    image: GoldenImage,
    disk: VolumeName,
    keys: DiskEncryption,
    signal: AbortSignal,
  ): Promise<void>;
  destroy(disk: VolumeName, signal: AbortSignal): Promise<void>;
  /** Options of qemu-storage-daemon that open the disk for writing as node `disk`. */
  blockDevice(disk: VolumeName): readonly string[];
}
