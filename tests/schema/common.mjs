// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the schema share: where things are (run.sh says it), the schemas as the built gale prints them, and
// how faults are told. Packages come from the build folder, so they are required from there.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { GALE_BUILD, GALE_SOURCE, GALE_MODULES } = process.env;
if (!GALE_BUILD || !GALE_SOURCE || !GALE_MODULES) throw new Error('run it by tests/schema/run.sh');

export const source = GALE_SOURCE;
export const require = createRequire(join(GALE_MODULES, 'from-here.js'));

export function gale(...words) {
  const env = { ...process.env, GALE_PLUGINS: join(GALE_BUILD, 'tests/plugins') };
  return spawnSync(join(GALE_BUILD, 'bin/gale'), words, { cwd: source, encoding: 'utf8', env });
}

/** The schema of one file, or of any; every plugin must load. */
export function schemaOf(file) {
  const run = gale('schema', ...(file ? [file] : []));
  if (run.status !== 0 || run.stderr !== '') throw new Error(`gale schema ${file}: ${run.status} ${run.stderr}`);
  return JSON.parse(run.stdout);
}

export const text = (file) => readFileSync(join(source, file), 'utf8');

/** The .yaml files of a folder, with it, sorted. */
export function files(folder) {
  const found = readdirSync(join(source, folder)).filter((name) => name.endsWith('.yaml'));
  if (found.length === 0) throw new Error(`${folder} has no .yaml file`);
  return found.sort().map((name) => `${folder}/${name}`);
}

/** Numbers of the lines, from 1, that end in a comment `# wrong`. */
export function wrongLines(file) {
  const lines = text(file).split('\n');
  const wrong = lines.flatMap((line, at) => (/# wrong$/.test(line) ? [at + 1] : []));
  if (wrong.length === 0) throw new Error(`${file} marks no line as wrong`);
  return wrong;
}

const faults = [];
let checks = 0;

/** Counts a check, and remembers `fault` when it did not hold. */
export function check(holds, fault) {
  checks += 1;
  if (!holds) faults.push(fault);
}

export function checkEqual(got, wanted, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  check(a === b, `${what}: is ${a}, wanted ${b}`);
}

/** Prints what was wrong and ends the program. */
export function finish(name) {
  for (const fault of faults) console.log(fault);
  console.log(`${name}: ${faults.length} faults in ${checks} checks`);
  process.exit(faults.length === 0 && checks > 0 ? 0 : 1);
}
