'use strict';
// The page, uploads, and a tour through what a file system can do.

const { createHash } = require('crypto');
const fs = require('fs');
const { mkdtemp, open, rm, ...files } = require('fs/promises');
const os = require('os');
const path = require('path');
const { pipeline } = require('stream/promises');
const zlib = require('zlib');
const { Failure } = require('./exchange');

const folder = process.env.DATA_DIR || path.join(os.tmpdir(), 'demo');
fs.mkdirSync(folder, { recursive: true });

const tagOf = (facts) => `"${facts.size.toString(16)}-${Math.trunc(facts.mtimeMs).toString(16)}"`;

function unchanged(request, facts) {
  const since = Date.parse(request.headers['if-modified-since'] || '');
  if (request.headers['if-none-match']) return request.headers['if-none-match'].includes(tagOf(facts));
  return Math.trunc(facts.mtimeMs / 1000) * 1000 <= since;
}

function part(request, size) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range || '') || [];
  if (first === undefined || (first === '' && last === '')) return null;
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size - 1 };
  return { start: Number(first), end: Math.min(last === '' ? size - 1 : Number(last), size - 1) };
}

async function send(request, response, file, type) {
  if (!['GET', 'HEAD'].includes(request.method)) throw new Failure(405, 'not by this method');
  const facts = await files.stat(file).catch(() => {
    throw new Failure(404, 'there is no such file');
  });
  const headers = { 'Content-Type': type, ETag: tagOf(facts), 'Last-Modified': facts.mtime.toUTCString() };
  if (unchanged(request, facts)) return void response.writeHead(304, headers).end();
  const range = part(request, facts.size);
  if (range && range.start > range.end) {
    return void response.writeHead(416, { 'Content-Range': `bytes */${facts.size}` }).end();
  }
  const { start, end } = range || { start: 0, end: facts.size - 1 };
  if (range) headers['Content-Range'] = `bytes ${start}-${end}/${facts.size}`;
  const packed = !range && /\bgzip\b/.test(request.headers['accept-encoding'] || '');
  if (packed) headers['Content-Encoding'] = 'gzip';
  else headers['Content-Length'] = end - start + 1;
  response.writeHead(range ? 206 : 200, { ...headers, 'Accept-Ranges': 'bytes', Vary: 'Accept-Encoding' });
  if (request.method === 'HEAD' || facts.size === 0) return void response.end();
  const source = fs.createReadStream(file, { start, end });
  await pipeline(packed ? [source, zlib.createGzip(), response] : [source, response]);
}

function named(name) {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name || '')) throw new Failure(400, 'that is no name of a file');
  return path.join(folder, name);
}

function firstPart(content, type) {
  const [, boundary] = /^multipart\/form-data;.*boundary="?([^";]+)"?/.exec(type || '') || [];
  const start = boundary ? content.indexOf(`--${boundary}\r\n`) : -1;
  const head = content.indexOf('\r\n\r\n', start);
  const end = content.indexOf(`\r\n--${boundary}`, head);
  if (start < 0 || head < 0 || end < 0) throw new Failure(400, 'that is no form with a file');
  const [, name] = /filename="([^"]*)"/.exec(content.toString('latin1', start, head)) || [];
  return { name, content: content.subarray(head + 4, end) };
}

async function upload({ request, body }) {
  const { name, content } = firstPart(await body(), request.headers['content-type']);
  const file = named(name);
  await files.writeFile(`${file}.new`, content);
  await files.rename(`${file}.new`, file);
  return { name, size: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

async function remove({ query }) {
  await files.unlink(named(query.get('name'))).catch(() => {
    throw new Failure(404, 'there is no such file');
  });
  return { deleted: true };
}

async function watched(inside, change) {
  const watcher = fs.watch(inside);
  try {
    const event = new Promise((resolve) => watcher.once('change', () => resolve(true)));
    await change();
    return await Promise.race([event, new Promise((resolve) => setTimeout(resolve, 500, false).unref())]);
  } finally {
    watcher.close();
  }
}

async function written(at) {
  const file = await open(at('a'), 'w+');
  await file.write('hello, ');
  await file.write('world');
  await file.truncate(5);
  await file.sync();
  await file.chmod(0o600);
  await file.utimes(0, 0);
  await file.close();
  const facts = await files.stat(at('a'));
  return { size: facts.size, mode: (facts.mode & 0o777).toString(8), mtime: facts.mtimeMs / 1000 };
}

async function tour() {
  const inside = await mkdtemp(path.join(folder, 'tour-'));
  const at = (name) => path.join(inside, name);
  try {
    const facts = await written(at);
    if (!(await watched(inside, () => files.rename(at('a'), at('b'))))) throw new Error('nothing was watched');
    await files.link(at('b'), at('c'));
    await files.symlink('b', at('d'));
    await files.copyFile(at('d'), at('e'));
    await files.appendFile(at('e'), '!');
    await files.access(at('e'), fs.constants.R_OK);
    return {
      ...facts,
      links: (await files.lstat(at('b'))).nlink,
      target: await files.readlink(at('d')),
      copy: await files.readFile(at('e'), 'utf8'),
      names: (await files.readdir(inside)).sort(),
    };
  } finally {
    await rm(inside, { recursive: true });
  }
}

exports.folder = folder;
exports.page = (request, response) => send(request, response, path.join(__dirname, 'index.html'), 'text/html; charset=utf-8');
exports.routes = {
  '/api/upload': { POST: upload },
  '/api/file': {
    GET: ({ request, response, query }) => send(request, response, named(query.get('name')), 'application/octet-stream'),
    DELETE: remove,
  },
  '/api/files': { POST: tour },
};
