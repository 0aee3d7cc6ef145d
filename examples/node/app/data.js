'use strict';
// A small store of texts: a journal that is synced after each change and read again for each question.

const { open, readFile } = require('fs/promises');
const path = require('path');
const { Failure } = require('./exchange');
const { folder } = require('./files');

const journal = path.join(folder, 'journal.ndjson');

async function everything() {
  const store = new Map();
  const lines = await readFile(journal, 'utf8').catch(() => '');
  for (const line of lines.split('\n').filter(Boolean)) {
    const { key, value } = JSON.parse(line);
    if (value === undefined) store.delete(key);
    else store.set(key, value);
  }
  return store;
}

async function append(changes) {
  const file = await open(journal, 'a', 0o600);
  try {
    await file.write(changes.map((change) => `${JSON.stringify(change)}\n`).join(''));
    await file.datasync();
  } finally {
    await file.close();
  }
}

const starting = (store, prefix) => [...store.keys()].filter((key) => key.startsWith(prefix)).sort();

async function look({ query }) {
  const store = await everything();
  if (!query.has('key')) return { keys: starting(store, query.get('prefix') || '') };
  const key = query.get('key');
  if (!store.has(key)) throw new Failure(404, 'there is no such key');
  return { key, value: store.get(key) };
}

async function put({ query, body }) {
  if (!query.has('key')) throw new Failure(400, 'a key is missing');
  const change = { key: query.get('key'), value: (await body()).toString('utf8') };
  if (query.has('fail')) throw new Failure(409, 'nothing is kept, as asked');
  await append([change]);
  return change;
}

async function drop({ query }) {
  const keys = starting(await everything(), query.get('prefix') || '');
  if (keys.length) await append(keys.map((key) => ({ key })));
  return { deleted: keys.length };
}

exports.routes = { '/api/db': { GET: look, POST: put, DELETE: drop } };
