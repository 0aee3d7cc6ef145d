'use strict';
// What an answer can say about its request: echo, session, stream, sleep, error.

const { createHmac, timingSafeEqual } = require('crypto');
const { setTimeout: pause } = require('timers/promises');
const { number } = require('./exchange');

const secret = process.env.SESSION_SECRET || 'not much of a secret';

async function echo({ request, query, body }) {
  return {
    method: request.method,
    query: Object.fromEntries(query),
    header: request.headers['x-demo'] ?? null,
    body: (await body()).toString('utf8'),
  };
}

const sign = (text) => createHmac('sha256', secret).update(text).digest('hex');

function visitsSoFar(cookies) {
  const [, visits, signature] = /(?:^|;\s*)visits=(\d+)\.([0-9a-f]{64})(?:;|$)/.exec(cookies || '') || [];
  const known = visits && timingSafeEqual(Buffer.from(signature), Buffer.from(sign(visits)));
  return known ? Number(visits) : 0;
}

function session({ request, response }) {
  const visits = visitsSoFar(request.headers.cookie) + 1;
  response.setHeader('Set-Cookie', `visits=${visits}.${sign(String(visits))}; Path=/; HttpOnly`);
  return { visits };
}

async function stream({ response, query }) {
  const lines = number(query, 'lines', 20, 1000);
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  for (let line = 0; line < lines; line += 1) {
    response.write(`line ${line}\n`);
    await pause(5);
  }
  response.end();
}

async function sleep({ query }) {
  const ms = number(query, 'ms', 100, 5000);
  await pause(ms);
  return { slept: ms };
}

function error() {
  throw new Error('this fails on purpose');
}

exports.routes = {
  '/api/echo': { ANY: echo },
  '/api/session': { GET: session },
  '/api/stream': { GET: stream },
  '/api/sleep': { GET: sleep },
  '/api/error': { GET: error },
};
