// SPDX-License-Identifier: Apache-2.0
//
// The schema by a validator: ajv compiles it in strict mode, and it says what the reader says.
// - every topology of the tree is valid against the general schema, those of topologies/ against their own as well;
// - the files of good/ are valid against both, and `gale validate` takes them; those of wrong/ are refused by all three
//   (by the general schema where their first line says so);
// - of tests/cases/bad-topology, bad-topology.json lists what the general schema refuses and what it cannot see.
import { check, checkEqual, files, finish, gale, require, schemaOf, text } from './common.mjs';

const { Ajv } = require('ajv');
const yaml = require('yaml');

/** `document => errors`, a text each. */
function validator(schema) {
  const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
  return (document) =>
    validate(document) ? [] : validate.errors.map((e) => `${e.instancePath || '/'} ${e.message}`);
}

/** What the file holds, or undefined when it is no YAML. */
function parse(file) {
  const document = yaml.parseDocument(text(file), { uniqueKeys: true });
  return document.errors.length > 0 ? undefined : document.toJS();
}

function mustAccept(name, validate, file) {
  checkEqual(validate(parse(file)), [], `${file} by ${name}`);
}

/** The words of the comment `# KEY: ...` among the first lines. */
function words(file, key) {
  const line = text(file).split('\n').find((l) => l.startsWith(`# ${key}: `));
  return line === undefined ? [] : line.slice(key.length + 4).split(' ');
}

const general = validator(schemaOf());

for (const folder of ['topologies', 'tests/cases', 'tests/bench', 'tests/cluster']) {
  for (const file of files(folder)) mustAccept('the general schema', general, file);
}
for (const file of files('topologies')) mustAccept('its own schema', validator(schemaOf(file)), file);

for (const file of files('tests/schema/good')) {
  mustAccept('the general schema', general, file);
  mustAccept('its own schema', validator(schemaOf(file)), file);
  const run = gale('validate', file, ...words(file, 'set').flatMap((set) => ['--set', set]));
  if (words(file, 'reader').join(' ') !== 'not yet') check(run.status === 0, `${file}: ${run.stderr}`);
}
for (const file of files('tests/schema/wrong')) {
  const document = parse(file);
  check(validator(schemaOf(file))(document).length > 0, `${file}: its own schema takes it`);
  const byGeneral = words(file, 'general schema').join(' ') === 'refuses it';
  checkEqual(general(document).length > 0, byGeneral, `${file}: refused by the general schema`);
  check(gale('validate', file).status === 2, `${file}: gale validate takes it`);
}

const listed = JSON.parse(text('tests/schema/bad-topology.json'));
const became = { refused: [], 'no YAML': [], 'not seen': [] };
for (const file of files('tests/cases/bad-topology')) {
  const name = file.replace(/.*\//, '').replace('.yaml', '');
  const document = parse(file);
  if (document === undefined) became['no YAML'].push(name);
  else became[general(document).length > 0 ? 'refused' : 'not seen'].push(name);
}
for (const [what, names] of Object.entries(became)) {
  const wanted = Array.isArray(listed[what]) ? listed[what] : Object.keys(listed[what]);
  checkEqual(names, wanted, `tests/cases/bad-topology, ${what}; tests/schema/bad-topology.json lists it`);
}
finish('schema by ajv');
