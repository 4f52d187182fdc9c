/** Checksums and hashes, handed to the pure rooms by those that may touch the platform. */
export interface Digest {
  /** CRC-32 (ISO 3309) of the bytes, unsigned. */
  crc32(bytes: Uint8Array): number;
  /** SHA-256 of the bytes (a text is taken as UTF-8), 64 lower-case hexadecimal digits. */
  sha256(content: Uint8Array | string): string;
}
