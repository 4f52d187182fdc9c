/** Checksums and hashes, handed to the pure rooms by those that may touch the platform. A text is taken as its UTF-8. */
export interface Digest {
  /** CRC-32 (ISO 3309) of the bytes, unsigned. */
  crc32(content: Uint8Array | string): number;
  /** SHA-256 of the bytes, 64 lower-case hexadecimal digits. */
  sha256(content: Uint8Array | string): string;
  /** MD5, as others name things by it; nothing of ours rests on it. Undefined where the platform refuses it. */
  md5?(content: string): string | undefined;
}
