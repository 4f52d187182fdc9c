import * as vscode from 'vscode';
import { systemClock } from '../base/clock.ts';
import { readRecordPolicy } from '../core/recordPolicy.ts';
import { ageWords, sizeWords } from '../core/shortWords.ts';
import { commandLineIn, commandText } from '../core/terminalLine.ts';
import { counted } from '../core/timelineWords.ts';
import type { PlaceKind } from '../core/projectIdentity.ts';
import { ChosenModels } from '../services/chosenModels.ts';
import type { PastRunItem, PastRuns } from '../services/pastRuns.ts';
import { linkPlace, ProjectPlaces } from '../services/projectPlaces.ts';
import { importSessions, type ImportReport } from '../services/sessionImport.ts';
import { listTranscripts } from '../services/transcriptListing.ts';
import { nodeDigest } from '../store/digest.ts';
import type { ActionContext, Actions } from './actions.ts';
import type { FindRequest, FoundItem, FoundItems } from './livePick.ts';
import { done, Refusal, requireRecorder, turnedDown } from './outcome.ts';
import { pastRunsOf, placesOptionsOf } from './pastRunList.ts';
import { randomName } from './randomName.ts';
import { readSettings } from './settings.ts';

type PastActions = Pick<Actions, 'findPast' | 'importPast' | 'linkFolder'>;

const otherPath = '\0other';

/** Past runs of agents: found, taken up in a terminal, and made into sessions. */
export function pastActions({ deck, prompts, trace }: ActionContext): PastActions {
  const { t } = vscode.l10n;

  const requirePast = async (): Promise<PastRuns> => {
    requireRecorder(deck());
    const past = await pastRunsOf(deck());
    if (past === undefined) throw new Refusal(t('Tapedeck is still starting. Try again in a moment.'));
    return past;
  };

  /** What was found so far, again and again, until there are as many as are wanted. */
  async function* look(past: PastRuns, { text, on, count, signal }: FindRequest): AsyncIterable<FoundItems<PastRunItem>> {
    const items: FoundItem<PastRunItem>[] = [];
    for await (const batch of past.list({ words: text, withChildren: on.has('children'), signal })) {
      items.push(...batch.items.map(foundItem));
      const hasMore = items.length > count || (items.length === count && batch.share < 1);
      if (batch.items.length > 0 || batch.share === 1) yield { items: items.slice(0, count), hasMore, share: hasMore ? 1 : batch.share };
      if (hasMore) return;
    }
  }

  const takeUp = async (item: PastRunItem, isCopied: boolean): Promise<void> => {
    const { layout, sessions } = deck();
    const command =
      layout === undefined || sessions === undefined
        ? item.command
        : await new ChosenModels({ layout, digest: nodeDigest, sessions }).commandOf(item).catch((error: unknown) => {
            trace(`The chosen model could not be read: ${String(error)}`);
            return item.command;
          });
    const text = commandText(command);
    const line = commandLineIn(item.folder, command, process.platform);
    if (text === undefined || line === undefined)
      throw new Refusal(t('{0} has no command that takes up “{1}” again.', item.agentName, item.run.title ?? item.run.run));
    if (isCopied) {
      await vscode.env.clipboard.writeText(line);
      void prompts().inform(t('Copied: {0}', line));
      return;
    }
    const terminal = vscode.window.createTerminal({ name: item.run.title ?? item.agentName, cwd: item.folder });
    terminal.show();
    terminal.sendText(text);
  };

  const runImport = async (): Promise<ImportReport> => {
    const { layout, agents, sessions } = deck();
    const options = placesOptionsOf(deck());
    if (layout === undefined || agents === undefined || options === undefined) throw new Refusal(t('Open a folder first.'));
    const current = await sessions?.current();
    return Promise.resolve(
      vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: t('Importing past sessions'), cancellable: true },
        async (progress, token) => {
          const stopping = new AbortController();
          token.onCancellationRequested(() => stopping.abort());
          let told = 0;
          return importSessions({
            layout,
            folders: (await ProjectPlaces.open(options)).folders,
            transcripts: (await listTranscripts(agents.adapters, agents.environment)).transcripts,
            environment: agents.environment,
            clock: systemClock,
            digest: nodeDigest,
            app: 'vscode',
            random: randomName,
            idleHours: readSettings().idleHours,
            liveFrom: current === undefined ? undefined : Date.parse(current.startedAt),
            git: 'always',
            policy: readRecordPolicy(readSettings().recordPolicy).policy,
            signal: stopping.signal,
            onProgress: ({ phase, doneFiles, files, events }) => {
              if (phase === 'waiting') return progress.report({ message: t('waiting for another import to end') });
              // Read twice, half of the bar each.
              const share = (doneFiles / Math.max(1, files) + (phase === 'writing' ? 1 : 0)) * 50;
              progress.report({ increment: share - told, message: events === 0 ? '' : counted(events, 'event') });
              told = share;
            },
          });
        },
      ),
    );
  };

  return {
    async findPast() {
      const past = await requirePast();
      let isCopied = false;
      const item = await prompts().find<PastRunItem>({
        title: (on, share) => {
          isCopied = on.has('copy');
          const what = isCopied ? t('Enter copies the command') : t('Enter resumes it in a terminal');
          return t('Past Agent Sessions: {0}{1}', what, share === undefined || share >= 1 ? '' : ` (${Math.floor(share * 100)} %)`);
        },
        placeholder: t('Words from its title, its last words, files, model or branch'),
        toggles: [
          { id: 'copy', icon: 'copy', isOn: false, tooltip: (isOn) => (isOn ? t('Resume in a Terminal') : t('Copy the Command Instead')) },
          {
            id: 'children',
            icon: 'type-hierarchy-sub',
            isOn: false,
            tooltip: (isOn) => (isOn ? t('Leave Sub-Agents Out') : t('Show Sub-Agents Too')),
          },
        ],
        look: (request) => look(past, request),
        looksForAll: true,
        ifNothing: () => ({
          label: t('Nothing found'),
          detail: t('Was the folder moved or renamed? “Tapedeck: Link a Moved Folder…” says so.'),
        }),
        onFailed: (error) => trace(`Past sessions: ${String(error)}`),
      });
      for (const { path, reason } of past.problems) trace(`${path} could not be read: ${reason}`);
      if (item === undefined) return turnedDown;
      await takeUp(item, isCopied);
      return done;
    },

    async importPast() {
      requireRecorder(deck());
      const report = await runImport();
      for (const { path, reason } of report.failed) trace(`${path} could not be imported: ${reason}`);
      const newest = report.sessions.at(-1);
      if (newest === undefined) {
        void prompts().inform(
          report.known > 0
            ? t('Nothing new to import: all of it stands in the log already.')
            : t('No agent kept anything of this folder. If it was moved, link it first.'),
        );
        return turnedDown;
      }
      await deck().follow();
      const show = t('Show');
      void prompts()
        .inform(
          t(
            'Imported {0} of {1} with {2}. They are marked as reconstructed: files’ contents were not recorded.',
            counted(report.sessions.length, 'session'),
            counted(report.runs.length, 'run'),
            counted(report.events, 'event'),
          ),
          show,
        )
        .then(async (answer) => {
          if (answer !== show) return;
          await deck().choose(newest);
          await vscode.commands.executeCommand('tapedeck.focus');
        });
      return done;
    },

    async linkFolder() {
      const past = await requirePast();
      const options = placesOptionsOf(deck())!;
      const lost = await past.lostFolders();
      const chosen = await prompts().pick(
        t('Link a Moved Folder'),
        [
          ...lost.map(({ path, runs, agents }) => ({
            label: path,
            description: t('{0} of {1}', counted(runs, 'session'), agents.join(', ')),
            icon: 'folder',
            value: path,
          })),
          { label: t('Another Path…'), icon: 'edit', value: otherPath },
        ],
        t('Where did this folder lie before? What agents did there counts as done here.'),
      );
      if (chosen === undefined) return turnedDown;
      const former =
        chosen === otherPath
          ? await prompts().input({ title: t('Link a Moved Folder'), prompt: t('The former path, absolute.'), isRequired: true })
          : chosen;
      if (former === undefined || former.trim() === '') return turnedDown;
      await linkPlace(options, former.trim());
      const [importThem, find] = [t('Import Past Sessions…'), t('Find Past Agent Session…')];
      void prompts()
        .inform(t('What was done in {0} counts as done here.', former.trim()), importThem, find)
        .then((answer) =>
          answer === undefined ? undefined : vscode.commands.executeCommand(answer === find ? 'tapedeck.findPast' : 'tapedeck.importPast'),
        );
      return done;
    },
  };
}

function foundItem(item: PastRunItem): FoundItem<PastRunItem> {
  const { run, agentName, lastAt, transcript, place } = item;
  const { t } = vscode.l10n;
  const parts = [
    t('{0} ago', ageWords(Date.now() - lastAt)),
    agentName,
    run.model,
    transcript.sizeBytes === 0 ? undefined : sizeWords(transcript.sizeBytes),
    run.files.length === 0 ? undefined : `${counted(run.files.length, 'file')}${run.isWhole ? '' : '+'}`,
    run.branch,
    placeWords(place),
  ].filter((part) => part !== undefined);
  const last = run.lastWords === undefined ? '' : ` — ${run.lastWords.by === 'user' ? t('You') : agentName}: ${run.lastWords.text}`;
  return { line: `${run.title ?? run.run}${last}`, description: parts.join(' · '), icon: 'comment-discussion', value: item };
}

function placeWords(place: PlaceKind): string | undefined {
  const { t } = vscode.l10n;
  switch (place) {
    case 'here':
      return undefined;
    case 'moved':
      return t('before the folder was moved');
    case 'repository':
      return t('elsewhere in the repository');
    case 'clone':
      return t('another clone');
    case 'container':
      return t('in a container');
  }
}
