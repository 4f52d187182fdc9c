/** Yields a number from 0 to `below` - 1. */
export type Dice = (below: number) => number;

/**
 * What happens to files: bits flip, ranges are zeroed, cut out, doubled, written over with others of the same file, swapped,
 * filled with junk; lines lose their end and the next one stands glued onto them; the file ends early.
 */
export const damages: Readonly<Record<string, (bytes: Buffer, dice: Dice) => Buffer>> = {
  flip(bytes, dice) {
    const copy = Buffer.from(bytes);
    for (let flips = 1 + dice(4); flips > 0; flips--) copy[dice(copy.length)]! ^= 1 << dice(8);
    return copy;
  },
  zero(bytes, dice) {
    const copy = Buffer.from(bytes);
    const from = dice(copy.length);
    return copy.fill(0, from, Math.min(copy.length, from + 1 + dice(4096)));
  },
  cutOut(bytes, dice) {
    const from = dice(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + dice(2000))]);
  },
  double(bytes, dice) {
    const from = dice(bytes.length);
    const to = Math.min(bytes.length, from + 1 + dice(2000));
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  overwrite(bytes, dice) {
    const copy = Buffer.from(bytes);
    const from = dice(bytes.length);
    bytes.copy(copy, dice(bytes.length), from, from + 1 + dice(2000));
    return copy;
  },
  swapBlocks(bytes, dice) {
    const size = [512, 4096][dice(2)]!;
    const blocks = Math.ceil(bytes.length / size);
    const order = Array.from({ length: blocks }, (_, index) => index);
    const [a, b] = [dice(blocks), dice(blocks)];
    [order[a], order[b]] = [order[b]!, order[a]!];
    return Buffer.concat(order.map((index) => bytes.subarray(index * size, (index + 1) * size)));
  },
  junk(bytes, dice) {
    const at = dice(bytes.length);
    const junk = Buffer.from(Array.from({ length: 1 + dice(300) }, () => dice(256)));
    return Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(dice(2) === 0 ? at : at + junk.length)]);
  },
  splice(bytes, dice) {
    const at = dice(bytes.length);
    const newline = bytes.indexOf(10, at);
    return newline < 0 ? bytes.subarray(0, at) : Buffer.concat([bytes.subarray(0, at), bytes.subarray(newline + 1)]);
  },
  endEarly: (bytes, dice) => bytes.subarray(0, dice(bytes.length)),
};

export const damageNames = Object.keys(damages);

/** One damage, or two upon each other, of the file. */
export function damageAtRandom(bytes: Buffer, dice: Dice): Buffer {
  let damaged = bytes;
  for (let times = 1 + (dice(4) === 0 ? 1 : 0); times > 0; times--)
    if (damaged.length > 0) damaged = damages[damageNames[dice(damageNames.length)]!]!(damaged, dice);
  return damaged;
}
