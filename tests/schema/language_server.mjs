// SPDX-License-Identifier: Apache-2.0
//
// LanguageServer: yaml-language-server as a child process, spoken to over LSP on its stdin and stdout. Every answer has
// a deadline; nothing here sleeps.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

import { require } from './common.mjs';

const DEADLINE_MS = 20_000; // of one answer: the first one loads the server

/** The value of `promise`, or an error that says what was waited for. */
function within(promise, what) {
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`${what}: no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class LanguageServer {
  #child;
  #received = Buffer.alloc(0);
  #next = 1;
  #waiting = new Map(); // id of a request -> {resolve, reject}
  #diagnostics = new Map(); // uri -> resolve of who waits for them
  #settings;

  /** `settings` is the section `yaml` of an editor's settings. */
  static async start(settings) {
    const server = new LanguageServer(settings);
    await server.#request('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          completion: { completionItem: { documentationFormat: ['markdown'], snippetSupport: false } },
          hover: { contentFormat: ['markdown'] },
        },
      },
    });
    server.#send({ method: 'initialized', params: {} });
    return server;
  }

  constructor(settings) {
    this.#settings = settings;
    const found = require.resolve('yaml-language-server/package.json');
    this.#child = spawn(process.execPath, [join(dirname(found), 'bin/yaml-language-server'), '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.on('data', (bytes) => this.#take(bytes));
    this.#child.on('exit', (status) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the server ended with status ${status}`));
    });
  }

  /** Opens a document and returns its diagnostics. */
  open(uri, text) {
    const told = new Promise((resolve) => this.#diagnostics.set(uri, resolve));
    this.#send({
      method: 'textDocument/didOpen',
      params: { textDocument: { uri, languageId: 'yaml', version: 1, text } },
    });
    return within(told, `diagnostics of ${uri}`);
  }

  /** The items that an editor would offer there; lines and characters count from 0. */
  async complete(uri, line, character) {
    const answer = await this.#request('textDocument/completion', {
      textDocument: { uri },
      position: { line, character },
    });
    return Array.isArray(answer) ? answer : (answer?.items ?? []);
  }

  async hover(uri, line, character) {
    const answer = await this.#request('textDocument/hover', { textDocument: { uri }, position: { line, character } });
    return answer === null ? '' : (answer.contents.value ?? JSON.stringify(answer.contents));
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    await this.#request('shutdown', null);
    this.#send({ method: 'exit' });
    await within(ended, 'exit');
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  #request(method, params) {
    const id = this.#next++;
    const answered = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#send({ id, method, params });
    return within(answered, method);
  }

  #send(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.#child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.#child.stdin.write(body);
  }

  #take(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString('latin1', 0, end))[1]);
      if (this.#received.length < end + 4 + length) return;
      const body = this.#received.subarray(end + 4, end + 4 + length);
      this.#received = this.#received.subarray(end + 4 + length);
      this.#handle(JSON.parse(body.toString()));
    }
  }

  #handle(message) {
    if (message.method === undefined) {
      const { resolve, reject } = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    } else if (message.method === 'textDocument/publishDiagnostics') {
      const resolve = this.#diagnostics.get(message.params.uri);
      this.#diagnostics.delete(message.params.uri);
      resolve?.(message.params.diagnostics);
    } else if (message.id !== undefined) {
      const result = message.method === 'workspace/configuration' ? this.#configuration(message.params) : null;
      this.#send({ id: message.id, result });
    }
  }

  /** What the server asks of the editor's settings, a section an item. */
  #configuration({ items }) {
    return items.map(({ section }) => (section === 'yaml' ? this.#settings : null));
  }
}
