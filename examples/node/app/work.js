'use strict';
// What keeps processors and memory busy: hashes, compression, threads, child processes.

const { fork, spawn } = require('child_process');
const { createHash, pbkdf2, randomBytes } = require('crypto');
const os = require('os');
const path = require('path');
const { setTimeout: pause } = require('timers/promises');
const { promisify } = require('util');
const { Worker } = require('worker_threads');
const zlib = require('zlib');
const { Failure, number } = require('./exchange');

const helper = path.join(__dirname, 'helper.js');

async function hash({ query, body }) {
  const algorithm = query.get('algorithm') || 'sha256';
  if (!['md5', 'sha1', 'sha256', 'sha512'].includes(algorithm)) throw new Failure(400, 'unknown algorithm');
  return { digest: createHash(algorithm).update(await body()).digest('hex') };
}

async function derive() {
  return { key: (await promisify(pbkdf2)('password', 'salt', 10000, 32, 'sha256')).toString('hex') };
}

async function random({ query }) {
  return { hex: (await promisify(randomBytes)(number(query, 'bytes', 32, 4096))).toString('hex') };
}

const recoded = (method) => async ({ response, body }) => {
  const content = await promisify(method)(await body(), { maxOutputLength: 16 << 20 }).catch(() => {
    throw new Failure(400, 'that cannot be unpacked');
  });
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': content.length });
  response.end(content);
};

function memory({ query }) {
  const size = number(query, 'mb', 16, 64) << 20;
  const content = Buffer.alloc(size, 1);
  let sum = 0;
  for (let offset = 0; offset < size; offset += 4096) sum += content[offset];
  return { pages: sum };
}

const told = (peer) => new Promise((resolve, reject) => peer.once('message', resolve).once('error', reject));

async function threads({ query }) {
  const below = number(query, 'below', 20000, 100000);
  const started = Array.from({ length: number(query, 'count', 4, 8) }, () => new Worker(helper, { workerData: below }));
  return { sums: await Promise.all(started.map(told)) };
}

async function processes({ query }) {
  const started = Array.from({ length: number(query, 'count', 2, 4) }, () => fork(helper));
  for (const child of started) child.send(100);
  return { sums: await Promise.all(started.map(told)) };
}

async function timers({ query }) {
  const all = Array.from({ length: number(query, 'count', 100, 1000) }, (_, index) => pause(index % 20));
  return { fired: (await Promise.all(all)).length };
}

const commands = { sort: ['sort', '-r'], fail: ['false'], slow: ['sleep', '30'], missing: ['there-is-no-such-command'] };

function finished(child) {
  const output = [];
  child.stdout.on('data', (piece) => output.push(piece));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, output: Buffer.concat(output).toString('utf8') }));
  });
}

async function exec({ query, body }) {
  const [program, ...rest] = commands[query.get('command')] || [];
  if (!program) throw new Failure(400, 'unknown command');
  const input = await body();
  const child = spawn(program, rest, { timeout: 2000, env: { PATH: process.env.PATH, LC_ALL: 'C' } });
  child.stdin.on('error', () => {}).end(input);
  if (program === 'sleep') setTimeout(() => child.kill('SIGTERM'), 50);
  const result = await finished(child).catch((error) => ({ error: error.code === 'ENOENT' ? 'missing' : error.code }));
  return result.error ? result : { code: result.code, killed: result.signal !== null, output: result.output };
}

function info() {
  const { heapUsed, rss } = process.memoryUsage();
  return {
    pid: process.pid,
    user: process.getuid(),
    processors: os.cpus().length,
    folder: process.cwd(),
    host: os.hostname(),
    memory: rss,
    heap: heapUsed,
    load: os.loadavg()[0],
    switches: process.resourceUsage().voluntaryContextSwitches,
  };
}

exports.routes = {
  '/api/hash': { POST: hash },
  '/api/derive': { GET: derive },
  '/api/random': { GET: random },
  '/api/gzip': { POST: recoded(zlib.gzip) },
  '/api/gunzip': { POST: recoded(zlib.gunzip) },
  '/api/memory': { GET: memory },
  '/api/threads': { GET: threads },
  '/api/processes': { GET: processes },
  '/api/timers': { GET: timers },
  '/api/exec': { POST: exec },
  '/api/info': { GET: info },
};
