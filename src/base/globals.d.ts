// What every JavaScript host of ours (Node, the webview's page) has, though the bare ES library does not name it.
// Declared narrowly here so that the pure rooms need neither Node's nor the page's types.
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}
declare function setTimeout(run: () => void, delayMs?: number): unknown;
declare function clearTimeout(handle: unknown): void;
