import { App } from './app.ts';
import { registerControls } from './controls.ts';
import { DensityStrip } from './densityStrip.ts';
import { openEditorPort } from './editorPort.ts';
import { TimelineList } from './timelineList.ts';
import { TimelinePane } from './timelinePane.ts';

// The page's roof: this script stands at the end of the body, so the elements are there and `load` is yet to come.
registerControls();
customElements.define('tapedeck-list', TimelineList);
customElements.define('tapedeck-timeline', TimelinePane);
customElements.define('tapedeck-strip', DensityStrip);
customElements.define('tapedeck-app', App);
/**
 * An export makes this a module to the bundler: in a package of CommonJS a file of imports alone is taken for a script, and all
 * that it reaches is kept whole, with every element of the toolkit.
 */
export const app = document.querySelector<App>('tapedeck-app');
app?.connect(openEditorPort());
