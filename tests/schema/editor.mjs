// SPDX-License-Identifier: Apache-2.0
//
// The schema in an editor: yaml-language-server, driven over LSP. No squiggle in what is right; one on each wrong line
// and on no other; completion offers classes, keys, ids and fields; hover shows what a key is for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { check, checkEqual, files, finish, schemaOf, text } from './common.mjs';
import { wrongLines } from './common.mjs';
import { LanguageServer } from './language_server.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'gale-schema-'));
const uriOf = (name) => pathToFileURL(join(scratch, name)).href;
let written = 0;

/** Writes a schema into the scratch folder and returns its address. */
function keep(schema) {
  const name = `${(written += 1)}.json`;
  writeFileSync(join(scratch, name), JSON.stringify(schema));
  return uriOf(name);
}

const modeline = (schema, body) => `# yaml-language-server: $schema=${schema}\n${body}`;

/** Numbers of the lines with a squiggle; `before` lines were put in front of the file. */
const squiggles = (diagnostics, before) =>
  [...new Set(diagnostics.map((d) => d.range.start.line + 1 - before))].sort((a, b) => a - b);

/** Opens a text with one cursor, written as |, and returns what is offered there: label -> documentation. */
async function offered(server, schema, body) {
  const all = modeline(schema, body);
  const before = all.slice(0, all.indexOf('|')).split('\n');
  const uri = uriOf(`completion-${(written += 1)}.yaml`);
  await server.open(uri, all.replace('|', ''));
  const items = await server.complete(uri, before.length - 1, before.at(-1).length);
  return new Map(items.map((item) => [item.label, item.documentation?.value ?? item.documentation ?? '']));
}

async function hovered(server, schema, body) {
  const all = modeline(schema, body);
  const before = all.slice(0, all.indexOf('|')).split('\n');
  const uri = uriOf(`hover-${(written += 1)}.yaml`);
  await server.open(uri, all.replace('|', ''));
  return server.hover(uri, before.length - 1, before.at(-1).length);
}

async function checkGood(server, general) {
  for (const file of files('topologies')) {
    const byGeneral = await server.open(uriOf(`any/${(written += 1)}.yaml`), text(file)); // by the setting yaml.schemas
    checkEqual(byGeneral, [], `${file} with the general schema`);
    const own = await server.open(uriOf(`${(written += 1)}.yaml`), modeline(keep(schemaOf(file)), text(file)));
    checkEqual(own, [], `${file} with its own schema`);
  }
  for (const file of files('tests/schema/good')) {
    const own = await server.open(uriOf(`${(written += 1)}.yaml`), modeline(keep(schemaOf(file)), text(file)));
    checkEqual(own, [], `${file} with its own schema`);
  }
}

async function checkWrong(server) {
  for (const file of files('tests/schema/wrong')) {
    const found = await server.open(uriOf(`${(written += 1)}.yaml`), modeline(keep(schemaOf(file)), text(file)));
    checkEqual(squiggles(found, 1), wrongLines(file), `${file}: lines with a squiggle`);
  }
  const body = text('topologies/rate.yaml').replace('plugins:', 'pluginz:');
  const line = body.split('\n').findIndex((l) => l.startsWith('pluginz:')) + 1;
  const found = await server.open(uriOf('any/wrong-key.yaml'), body);
  check(squiggles(found, 0).includes(line), `no squiggle on pluginz with the general schema: ${JSON.stringify(found)}`);
}

const BOLT = `name: t
plugins: [file, print]
spouts:
  - id: lines
    className: file.LineSpout
    properties: {path: x}
bolts:
  - id: show
`;

async function checkCompletion(server, general) {
  const own = keep(schemaOf('topologies/print.yaml'));
  const classes = await offered(server, own, `${BOLT}    className: |\n`);
  checkEqual([...classes.keys()].sort(), ['file.LineBolt', 'print.Bolt'], 'classes of bolts');
  check(/line/.test(classes.get('print.Bolt') ?? ''), `print.Bolt is offered without its doc: ${classes.get('print.Bolt')}`);
  const keys = await offered(server, own, `${BOLT}    className: print.Bolt\n    properties:\n      prefix: x\n      |\n`);
  for (const key of ['fields', 'separator', 'limit']) check(keys.has(key), `print.Bolt's key ${key} is not offered`);
  check(!keys.has('prefix') && !keys.has('paths'), `offered in properties: ${[...keys.keys()]}`);
  check(/separator|between/i.test(keys.get('separator') ?? ''), `no doc of separator: ${keys.get('separator')}`);
  const from = await offered(server, own, `${BOLT}    className: print.Bolt\nstreams:\n  - from: |\n`);
  checkEqual([...from.keys()].sort(), ['__dead_letters', 'lines', 'show'], 'ids at from');
  const to = await offered(server, own, `${BOLT}    className: print.Bolt\nstreams:\n  - from: lines\n    to: |\n`);
  checkEqual([...to.keys()], ['show'], 'ids at to');
  const grouping = await offered(server, own, `${BOLT}    className: print.Bolt\nstreams:\n  - grouping:\n      type: |\n`);
  check(grouping.has('PARTIAL_KEY') && grouping.size === 9, `groupings: ${[...grouping.keys()]}`);
  const settings = await offered(server, general, 'name: t\nconfig:\n  |\n');
  check(settings.has('topology.workers'), 'topology.workers is not offered in config');
  check(!settings.has('topology.component.worker'), 'topology.component.worker is offered where it has no effect');
  check(/Worker processes/.test(settings.get('topology.workers') ?? ''), 'topology.workers is offered without its doc');
  const streams = await offered(server, keep(schemaOf('topologies/log-analytics.yaml')),
    'name: t\nstreams:\n  - from: parse\n    grouping:\n      type: SHUFFLE\n      streamId: |\n');
  check(streams.has('states') && streams.has('bad'), `streams of dpkg.Parse: ${[...streams.keys()]}`);
  const fields = await offered(server, keep(schemaOf('topologies/word-count.yaml')),
    'name: t\nstreams:\n  - from: split\n    grouping:\n      type: FIELDS\n      args:\n        - |\n');
  check(fields.has('word'), `fields of words.Split: ${[...fields.keys()]}`);
}

async function checkHover(server, general) {
  const own = keep(schemaOf('topologies/print.yaml'));
  const key = await hovered(server, own, `${BOLT}    className: print.Bolt\n    properties:\n      sepa|rator: x\n`);
  check(/string, default:/.test(key), `hover on a key: ${key}`);
  const setting = await hovered(server, general, 'name: t\nconfig:\n  topology.wor|kers: 2\n');
  check(/Worker processes/.test(setting) && /Default: 1/.test(setting), `hover on a setting: ${setting}`);
  const word = await hovered(server, general, 'name: t\nspo|uts: []\n');
  check(/brings tuples in/.test(word), `hover on a word of the file: ${word}`);
}

const general = keep(schemaOf());
const server = await LanguageServer.start({
  validate: true,
  hover: true,
  completion: true,
  schemaStore: { enable: false },
  schemas: { [general]: '/any/*.yaml' },
});
try {
  await checkGood(server, general);
  await checkWrong(server);
  await checkCompletion(server, general);
  await checkHover(server, general);
  await server.stop();
} finally {
  server.kill();
  rmSync(scratch, { recursive: true });
}
finish('schema in an editor');
