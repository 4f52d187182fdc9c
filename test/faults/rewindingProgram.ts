// A process that rewinds (or puts a dead rewind right) and kills itself at a given call to the disk. Run by
// killedRewind.test.ts and powerCut.test.ts: <folder> <session> <target event | recover> <dies at call>
import { faultyFileSystem } from '../store/faultyFileSystem.ts';
import { RewindWorld } from '../services/rewindWorld.ts';

const [folder, session, target, diesAt] = process.argv.slice(2) as [string, string, string, string];
const world = await new RewindWorld({ folder, session }).open();
let isArmed = false;
let calls = 0;
const { fileSystem } = faultyFileSystem(() => {
  if (isArmed && ++calls === Number(diesAt)) process.kill(process.pid, 'SIGKILL');
  return undefined;
});
const rewinder = world.rewinder({ fileSystem });
if (target === 'recover') {
  isArmed = true;
  console.log(JSON.stringify(await rewinder.recover()));
} else {
  const plan = await rewinder.plan(target);
  isArmed = true;
  console.log('begins');
  console.log(JSON.stringify(await rewinder.apply(plan)));
}
console.log(`calls ${calls}`);
isArmed = false;
await world.close();
