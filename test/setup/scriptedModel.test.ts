import { afterEach, describe, expect, it } from 'vitest';
import { type ScriptedModel, type ScriptedStep, startScriptedModel } from './scriptedModel.mjs';

describe('the scripted model', () => {
  let model: ScriptedModel | undefined;

  afterEach(async () => {
    await model?.close();
    model = undefined;
  });

  const ask = async (address: string, body: object): Promise<Response> => {
    const url = `http://127.0.0.1:${model?.port}${address}`;
    return await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  };
  const begin = async (...steps: readonly ScriptedStep[]): Promise<void> => {
    model = await startScriptedModel(steps);
  };
  const tools = [{ name: 'Bash' }];

  it('uses its steps up in order, then says a closing word', async () => {
    await begin({ text: 'one' }, { text: 'two' });
    const texts: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const answer = await (await ask('/v1/messages', { model: 'm', tools })).json();
      texts.push(answer.content[0].text);
    }
    expect(texts).toEqual(['one', 'two', 'Done.']);
    expect(model?.stepsLeft()).toBe(0);
  });

  it('uses no step up for a request without tools', async () => {
    await begin({ text: 'one' });
    await ask('/v1/messages', { model: 'm' });
    expect(model?.stepsLeft()).toBe(1);
  });

  it.each([
    ['/v1/messages', 'toolu_1_0', 'message_stop'],
    ['/v1/responses', 'call_1_0', 'response.completed'],
    ['/v1/chat/completions', 'call_1_0', '[DONE]'],
  ])('streams a tool call to %s, and ends the stream', async (address, callId, ending) => {
    await begin({ text: 'Look.', calls: [{ name: 'Bash', args: { command: 'ls' } }] });
    const stream = await (await ask(address, { model: 'm', stream: true, tools })).text();
    expect(stream).toContain(callId);
    expect(stream).toContain('ls');
    expect(stream.trimEnd().split('\n').at(-1)).toContain(ending);
  });

  it('answers with an error where the script says so', async () => {
    await begin({ status: 529 }, { text: 'again' });
    expect((await ask('/v1/messages', { model: 'm', tools })).status).toBe(529);
    expect((await ask('/v1/messages', { model: 'm', tools })).status).toBe(200);
  });
});
