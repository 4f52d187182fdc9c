import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactDraft, redactText } from '../../src/core/redact.ts';
import { userAuthor } from '../../src/model/author.ts';

/** Made here, so that no file of the project holds a text that looks like a secret. */
const of = (prefix: string, length: number, alphabet = 'a1B2c3D4e5'): string =>
  prefix + alphabet.repeat(Math.ceil(length / alphabet.length)).slice(0, length);
const dashes = '-'.repeat(5);
const pem = (kind: string, body = `${of('MII', 61)}\n${of('x', 40)}=`): string =>
  `${dashes}BEGIN ${kind}${dashes}\n${body}\n${dashes}END ${kind}${dashes}`;

const secrets: readonly (readonly [marker: string, secret: string])[] = [
  ['openai-key', of('sk-', 48)],
  ['openai-key', of('sk-proj-', 60, 'aB1_-')],
  ['anthropic-key', of('sk-ant-api03-', 90, 'aB1_-x')],
  ['github-token', of('ghp_', 36)],
  ['github-token', of('gho_', 36)],
  ['github-token', of('ghs_', 36)],
  ['github-token', of('github_pat_', 82)],
  ['gitlab-token', of('glpat-', 20)],
  ['slack-token', of('xoxb-', 40, '1234567890-')],
  ['aws-key-id', of('AKIA', 16, 'ABCDEFGH2345')],
  ['aws-key-id', of('ASIA', 16, 'ABCDEFGH2345')],
  ['google-key', of('AIza', 35)],
  ['stripe-key', of('sk_live_', 24)],
  ['stripe-key', of('rk_live_', 24)],
  ['npm-token', of('npm_', 36)],
  ['pypi-token', of('pypi-', 80)],
  ['huggingface-token', of('hf_', 34)],
  ['jwt', `${of('eyJ', 20)}.${of('eyJ', 30)}.${of('x', 30)}`],
  ['private-key', pem('RSA PRIVATE KEY')],
  ['private-key', pem('OPENSSH PRIVATE KEY')],
  ['private-key', pem('PRIVATE KEY')],
  ['private-key', pem('PGP PRIVATE KEY BLOCK', `Version: 1\n\n${of('l', 64)}\n=aBcD`)],
];

describe('redaction', () => {
  it.each(secrets)('[D9] replaces a %s', (marker, secret) => {
    expect(redactText(`before ${secret} after`)).toBe(`before [redacted:${marker}] after`);
    expect(redactText(`KEY: "${secret}"`)).not.toContain(secret);
    expect(redactText(JSON.stringify({ text: `x\n${secret}\n` }))).not.toContain(secret.slice(-20));
  });

  it.each([
    ['git clone https://me:hunter2@host.example/x.git', 'git clone https://me:[redacted:password]@host.example/x.git'],
    ['postgres://app:p%40ss@db:5432/x', 'postgres://app:[redacted:password]@db:5432/x'],
    ['redis://:hunter2@cache:6379', 'redis://:[redacted:password]@cache:6379'],
    ['export DB_PASSWORD=hunter2x', 'export DB_PASSWORD=[redacted:secret]'],
    ["API_KEY='a b c'", 'API_KEY=[redacted:secret]'],
    ['mysql --password=hunter2', 'mysql --password=[redacted:password]'],
    ['login --token abc123 now', 'login --token [redacted:secret] now'],
    ['{"password": "correct horse"}', '{"password": "[redacted:secret]"}'],
    ['"{\\"client_secret\\": \\"abcdef12\\"}"', '"{\\"client_secret\\": \\"[redacted:secret]\\"}"'],
    ['Authorization: Bearer abcdefgh1234', 'Authorization: Bearer [redacted:authorization]'],
    ['curl -H "Authorization: Basic dXNlcjpwYXNz"', 'curl -H "Authorization: Basic [redacted:authorization]"'],
    ['Bearer abcdefghij1234567890', 'Bearer [redacted:bearer]'],
    ['AccountName=a;AccountKey=' + of('', 86) + '==', 'AccountName=a;AccountKey=[redacted:azure-key]'],
    ['aws_secret_access_key = ' + of('', 40), 'aws_secret_access_key = [redacted:aws-secret-key]'],
  ])('[D9] replaces what is surely a password: %s', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  it.each([
    'const password = getPassword();',
    'password: string;',
    'def login(password=None, token=None):',
    'login(password=self.password)',
    'DB_PASSWORD=$DB_PASSWORD npm test',
    'DB_PASSWORD=${SECRET}',
    'MAX_TOKEN=4096',
    'API_KEY=<your key>',
    'PASSWORD=changeme',
    'the --token flag is required',
    '--password option',
    'task-force-something-very-long-indeed-for-a-class-name',
    'sk-learn-contrib-package-name-that-is-long',
    'https://user@host/path:80@x',
    'git@github.com:me/project.git',
    'http://localhost:3000/@scope/name',
    'Bearer authentication-is-what-we-use-here',
    '{"password": "string"}',
    'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'eyJ is how a token begins',
    `${dashes}BEGIN CERTIFICATE${dashes}\n${of('M', 64)}\n${dashes}END CERTIFICATE${dashes}`,
    'npm_config_cache=/tmp npm_lifecycle_event',
    'AKIA is a prefix, AKIAlowercase is none',
  ])('[D9] leaves alone what only looks like one: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  it('[D9] takes a key whose end or beginning was cut off', () => {
    const [header = '', first = '', second = '', footer = ''] = pem('RSA PRIVATE KEY', `${of('MII', 61)}\n${of('x', 63)}`).split('\n');
    expect(redactText(`see:\n${header}\n${first}\n${second}`)).toBe('see:\n[redacted:private-key]');
    expect(redactText(`${second}\n${second}\n${footer}\nnext line`)).toBe('[redacted:private-key]\nnext line');
    expect(redactText(`prose before\n${second}\n${footer}`)).toBe('prose before\n[redacted:private-key]');
  });

  it('[D9] reaches every string of a draft, the path and the command too, and leaves the rest as it is', () => {
    const token = of('ghp_', 36);
    const draft = redactDraft({
      kind: 'tool.called',
      by: userAuthor,
      call: 'c1',
      name: 'Bash',
      tool: 'execute',
      command: `mysql --password hunter && echo ${token}`,
      paths: [`keys/${token}.txt`],
      input: { head: `x ${token.slice(0, 20)}`, tail: `y ${token}`, sizeBytes: 9000, hash: 'a'.repeat(64) },
      edits: [{ path: 'a.ts', op: 'update', oldText: null, newText: `const t = '${token}'` }],
    });
    expect(JSON.stringify(draft)).not.toContain('a1B2c3');
    expect(draft).toMatchObject({
      command: 'mysql --password [redacted:secret] && echo [redacted:github-token]',
      paths: ['keys/[redacted:github-token].txt'],
      input: { head: 'x [redacted:token]', sizeBytes: 9000, hash: 'a'.repeat(64) },
      edits: [{ oldText: null, newText: "const t = '[redacted:github-token]'" }],
    });
  });

  it('[D9] changes nothing the second time', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom(...secrets.map(([, secret]) => secret), ' ', '"', 'PASSWORD=', '://a:b@c', '--token ', 'Authorization: Bearer '),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const once = redactText(parts.join(' '));
        return redactText(once) === once;
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    `${dashes}BEGIN RSA PRIVATE KEY${dashes}`,
    `${dashes}END PRIVATE KEY${dashes}`,
    `${dashes}BEGIN `,
    'aaaaaaaaaaaaaaaa\n',
    'eyJ',
    'eyJa.',
    '://',
    '://a:',
    'sk-',
    'ghp_',
    'password=',
    '"password": "',
    'PASSWORD="',
    '--token ',
    'Authorization: ',
    'SG.aaaaaaaaaaaaaaaaaaa.',
    'secret_access_key=   ',
    'A',
    '--password x',
  ])('[D10] takes ten megabytes of %j in linear time', (piece) => {
    const time = (bytes: number): number => {
      const text = piece.repeat(Math.ceil(bytes / piece.length));
      const from = performance.now();
      redactText(text);
      return performance.now() - from;
    };
    time(100_000);
    // Generous, for a machine that is busy: what is not linear takes minutes.
    expect(time(10_000_000)).toBeLessThan(8000);
  });
});
