/**
 * Which files are never read into the blobs, by their name and, for what has an innocent name, by their content.
 * In doubt a file is a secret: one that is missing from a rewind is named there, one that was copied cannot be called back.
 */

const exampleWords = /(?:^|[._-])(?:example|sample|template|dist|defaults?|tpl)(?:[._-]|$)/i;

const secretNames: readonly RegExp[] = [
  /^\.env(?:\..+)?$/i,
  /^\.envrc$/i,
  /^.+\.env$/i,
  /\.(?:pem|key|p8|p12|pfx|jks|keystore|kdbx?|ppk|pkcs12|ovpn|gpg|tfstate)$/i,
  /\.tfstate\.backup$/i,
  /^id_(?:rsa|dsa|ecdsa|ed25519)(?:[._-].*)?$/i,
  /^(?:\.npmrc|\.pypirc|\.netrc|_netrc|\.pgpass|\.my\.cnf|\.htpasswd|\.dockercfg|\.git-credentials|\.vault-token|kubeconfig)$/i,
  /^(?:.*[._-])?credentials?(?:\.(?:json|ya?ml|toml|ini|csv|xml|enc))?$/i,
  /^(?:.*[._-])?secrets?\.(?:json|ya?ml|toml|ini|env|enc)$/i,
  /^(?:.*[._-])?service[._-]?account(?:[._-].*)?\.json$/i,
];

/** Tails of paths whose last name alone says nothing. */
const secretTails: readonly RegExp[] = [
  /(?:^|\/)\.docker\/config\.json$/i,
  /(?:^|\/)\.kube\/config$/i,
  /(?:^|\/)\.(?:ssh|gnupg|aws)\/[^/]+$/i,
];

/** `path` with `/`, relative or not. Names with `example`, `sample`, `template` in them are no secrets, public keys neither. */
export function isSecretPath(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/\.pub$/i.test(name) || exampleWords.test(name)) return false;
  return secretNames.some((pattern) => pattern.test(name)) || secretTails.some((pattern) => pattern.test(path));
}

const keyMarker =
  /^[ \t]*(?:-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\r?\n(?:[ \t]*(?:[A-Za-z0-9+/=]{32,}|[A-Za-z-]+: .*|)\r?(?:\n|$))|PuTTY-User-Key-File-\d: |AGE-SECRET-KEY-1[0-9A-Z]{20,})/m;
const looked = 1024 * 1024;

/** True when the content holds a private key as a text of its own (not merely the words, as in a program that looks for them). */
export function holdsPrivateKey(content: Uint8Array): boolean {
  // Nearly every file is dismissed by this search for five bytes; only the rest is decoded.
  if (!mayHoldMarker(content)) return false;
  return keyMarker.test(new TextDecoder().decode(content.subarray(0, looked)));
}

const dashes = 0x2d;
function mayHoldMarker(content: Uint8Array): boolean {
  const end = Math.min(content.length, looked);
  for (let i = 0; i < end; i++) {
    i = content.indexOf(dashes, i);
    if (i < 0 || i >= end) break;
    // `-----BEGIN`, or `AGE-S`, `PuTTY-U`.
    const next = content[i + 1];
    if (next === 0x53 || next === 0x55 || (next === dashes && content[i + 4] === dashes && content[i + 5] === 0x42)) return true;
  }
  return false;
}
