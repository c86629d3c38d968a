/** Fails if a type of the package's declarations says nothing: `any` switches off all checks behind it. */

import { readFile, readdir } from 'node:fs/promises';

const folder = new URL('../types/', import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith('.d.ts'));
const found = [];
for (const name of files) {
  const text = (await readFile(new URL(name, folder), 'utf8')).replaceAll(/\/\*[^]*?\*\//g, '');
  for (const line of text.split('\n')) if (/\bany\b/.test(line)) found.push(`${name}: ${line.trim()}`);
}
if (files.length === 0) found.push('there are no declarations');
for (const line of found) console.error(line);
process.exitCode = found.length > 0 ? 1 : 0;
