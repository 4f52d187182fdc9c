import { expect, it } from 'vitest';
import { holdsPrivateKey, isSecretPath } from '../../src/core/secretPolicy.ts';

it.each(
  '.env .env.local web/.env.production prod.env .envrc server.pem tls/server.key id_rsa .ssh/config store.p12 vault.kdbx .npmrc .pypirc .netrc .aws/credentials credentials.json my-credentials.yaml secrets.yml service-account-prod.json terraform.tfstate .docker/config.json .kube/config ID_ED25519'.split(
    ' ',
  ),
)('[C6] takes %s for a secret', (path) => expect(isSecretPath(path)).toBe(true));

it.each(
  '.env.example .env.sample example.env id_rsa.pub src/env.ts src/credentials.ts src/secrets.test.ts keys.md config.json .envoy src/key.ts tokens.css secret.example.json'.split(
    ' ',
  ),
)('[C6] takes %s for no secret', (path) => expect(isSecretPath(path)).toBe(false));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ';

it('[C6] knows a private key by its content, after other text too, with CRLF too', () => {
  for (const kind of ['', 'RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED '])
    expect(holdsPrivateKey(bytes(`-----BEGIN ${kind}PRIVATE KEY-----\n${body}\n`)), kind).toBe(true);
  expect(holdsPrivateKey(bytes(`Bag Attributes\r\n-----BEGIN PRIVATE KEY-----\r\n${body}\r\n`))).toBe(true);
  expect(holdsPrivateKey(bytes(`# created: now\nAGE-SECRET-KEY-1${'Q'.repeat(30)}\n`))).toBe(true);
  expect(holdsPrivateKey(bytes('PuTTY-User-Key-File-3: ssh-ed25519\n'))).toBe(true);
});

it('[C6] does not take a program that looks for keys for one', () => {
  expect(holdsPrivateKey(bytes("if (text.includes('-----BEGIN PRIVATE KEY-----')) warn();\n"))).toBe(false);
  expect(holdsPrivateKey(bytes('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'))).toBe(false);
  expect(holdsPrivateKey(bytes('-'.repeat(500_000)))).toBe(false);
});
