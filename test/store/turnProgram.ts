import { appendFileSync } from 'node:fs';
import { takeTurn } from '../../src/store/turnTaking.ts';

/** Takes a turn, says so, works for a while and says that it leaves: `folder name log workMs`. `-1`: it never ends. */
const [folder = '', name = '', log = '', workMs = '0'] = process.argv.slice(2);
const turn = await takeTurn({ folder, name });
appendFileSync(log, `${name} in\n`);
await new Promise((resolve) => setTimeout(resolve, workMs === '-1' ? 2 ** 30 : Number(workMs)));
appendFileSync(log, `${name} out\n`);
await turn?.leave();
