import { isModelName } from '../../core/resumeModel.ts';
import { labelLimit, shortLabel } from '../../core/sessionLabel.ts';
import { usageError } from '../cliError.ts';
import { authorFields, type CommandEntry } from '../command.ts';
import { write } from './entryCommands.ts';

export const setCommand: CommandEntry = (program, act) => {
  program
    .command('set')
    .summary('name the session, say how much it keeps, and with which model its runs are resumed')
    .description(
      'Name the session, say how much it keeps of what agents say, and with which model its runs are resumed. It is the open session, or a new one.',
    )
    .option('--label <label>', `the session's name, ${labelLimit} characters at most`)
    .option('--detail <level>', 'full, or brief: of what agents say and print only the first words')
    .option('--model <model>', 'the model with which runs are resumed; an empty one takes it back')
    .option('--agent <agent>', 'the agent that the model is for; every agent when left out')
    .action(
      act(async (run, options: { label?: string; detail?: string; model?: string; agent?: string }) => {
        const { label, detail, model, agent } = options;
        if (label === undefined && detail === undefined && model === undefined)
          throw usageError('Say what to set: --label, --detail or --model');
        if (label?.trim() === '') throw usageError('The label is empty');
        if (detail !== undefined && detail !== 'full' && detail !== 'brief') throw usageError('The detail is full or brief');
        if (model !== undefined && model !== '' && !isModelName(model)) throw usageError(`${model} is no name of a model`);
        if (agent !== undefined && model === undefined) throw usageError('Say which model the agent is to go on with: --model');
        const workspace = await run.workspace();
        if (label !== undefined)
          await write(run, workspace, () => ({ kind: 'session.labelled', ...authorFields(run.caller), label: shortLabel(label) }));
        if (detail !== undefined || model !== undefined)
          await write(run, workspace, () => ({
            kind: 'session.adjusted',
            ...authorFields(run.caller),
            ...(detail === undefined ? {} : { detail }),
            ...(model === undefined ? {} : { model }),
            ...(agent === undefined ? {} : { agent }),
          }));
        await run.output.answer({ ok: true, ...(label === undefined ? {} : { label: shortLabel(label) }), detail, model, agent }, [
          ...(label === undefined ? [] : [`Named ${shortLabel(label)}`]),
          ...(detail === undefined ? [] : [`Detail: ${detail}`]),
          ...(model === undefined ? [] : [`${agent ?? 'Every agent'} is resumed with ${model === '' ? 'its own model' : model}`]),
        ]);
      }),
    );
};
