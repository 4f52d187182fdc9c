import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { lineIndexRecipe } from '../../src/store/lineIndexRecipe.ts';
import { searchIndexRecipe } from '../../src/store/searchIndex.ts';
import { keepSidecars } from '../../src/store/sidecarKeeper.ts';

/** Keeps the sidecars of a session, over and over, until it is killed. */
const [, , root = '', session = ''] = process.argv;
const recipes = [lineIndexRecipe, searchIndexRecipe].map((recipe) => ({ ...recipe, minBytes: 1 }));
console.log('ready');
for (;;) await keepSidecars({ session: tapedeckLayout(root).session(session), recipes, digest: nodeDigest });
