'use strict';
// Networks, names and clocks; everything stays inside the container.

const { execFile } = require('child_process');
const dgram = require('dgram');
const dns = require('dns');
const { mkdtemp, readFile, rm } = require('fs/promises');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const { once } = require('events');
const tls = require('tls');
const { promisify } = require('util');
const { Failure, number } = require('./exchange');

async function lookup({ query }) {
  const name = query.get('name') || 'localhost';
  const late = new Promise((resolve) => setTimeout(resolve, 500, []).unref());
  const found = dns.promises.lookup(name, { all: true }).catch(() => []);
  return { addresses: (await Promise.race([found, late])).map(({ address }) => address).sort() };
}

async function inFolder(task) {
  const inside = await mkdtemp(path.join(os.tmpdir(), 'net-'));
  try {
    return await task(inside);
  } finally {
    await rm(inside, { recursive: true });
  }
}

async function echoed(server, at, connect) {
  server.listen(at);
  await once(server, 'listening');
  try {
    const client = connect(server.address());
    const version = client instanceof tls.TLSSocket && (await once(client, 'secureConnect'), client.getProtocol());
    client.end('hello');
    const pieces = [];
    for await (const piece of client) pieces.push(piece);
    return { echo: Buffer.concat(pieces).toString('utf8'), version };
  } finally {
    server.close();
  }
}

const repeat = (socket) => socket.on('error', () => {}).pipe(socket);

async function udp() {
  const [server, client] = [dgram.createSocket('udp4'), dgram.createSocket('udp4')];
  try {
    server.on('message', (message, from) => server.send(message, from.port, from.address));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    client.send('hello', server.address().port, '127.0.0.1');
    return (await once(client, 'message', { signal: AbortSignal.timeout(1000) }))[0].toString('utf8');
  } finally {
    server.close();
    client.close();
  }
}

function fetched(port) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path: '/', agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    }).on('error', reject);
  });
}

const tcp = (at, server = net.createServer({ allowHalfOpen: true }, repeat)) =>
  echoed(server, at, (address) => net.connect(typeof address === 'string' ? address : address.port));

async function networks({ request }) {
  return {
    tcp: (await tcp({ port: 0, host: '127.0.0.1' })).echo,
    unix: (await inFolder((inside) => tcp({ path: path.join(inside, 'socket') }))).echo,
    udp: await udp(),
    http: await fetched(request.socket.localPort),
  };
}

async function identity(inside) {
  const at = (name) => path.join(inside, name);
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', at('key'), '-out', at('cert'),
  ]);
  return { key: await readFile(at('key')), cert: await readFile(at('cert')) };
}

async function secure() {
  const { key, cert } = await inFolder(identity);
  const server = tls.createServer({ key, cert, allowHalfOpen: true }, repeat);
  const { echo, version } = await echoed(server, { port: 0, host: '127.0.0.1' }, ({ port }) =>
    tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: cert, allowHalfOpen: true }));
  return { version, echo };
}

function time({ query }) {
  const moment = new Date(number(query, 'epoch', 0, 4e9) * 1000);
  const zone = query.get('zone') || 'UTC';
  const inZone = (timeZone) => moment.toLocaleString('sv-SE', { timeZone });
  try {
    return { utc: inZone('UTC'), there: inZone(zone) };
  } catch {
    throw new Failure(400, 'unknown time zone');
  }
}

exports.routes = {
  '/api/lookup': { GET: lookup },
  '/api/net': { GET: networks },
  '/api/tls': { GET: secure },
  '/api/time': { GET: time },
};
