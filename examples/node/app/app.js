'use strict';
// Takes requests apart, finds who answers, and turns whatever is thrown into an answer.

const http = require('http');
const websocket = require('./websocket');
const { Failure, body, sendJson } = require('./exchange');
const { page } = require('./files');

const routes = {
  ...require('./requests').routes,
  ...require('./files').routes,
  ...require('./data').routes,
  ...require('./work').routes,
  ...require('./outside').routes,
};

function target(request) {
  try {
    return new URL(request.url, 'http://localhost');
  } catch {
    throw new Failure(400, 'that is no address');
  }
}

async function answer(request, response) {
  const url = target(request);
  if (url.pathname === '/' || url.pathname === '/index.html') return page(request, response);
  const methods = routes[url.pathname];
  if (!methods) throw new Failure(404, 'there is no such page');
  const handler = methods[request.method] || methods.ANY;
  if (!handler) throw new Failure(405, 'not by this method');
  return handler({ request, response, query: url.searchParams, body: () => body(request) });
}

async function handle(request, response) {
  try {
    const result = await answer(request, response);
    if (result !== undefined) sendJson(response, 200, result);
  } catch (error) {
    if (!(error instanceof Failure) && !request.destroyed) console.error(error);
    if (response.headersSent) response.destroy();
    else sendJson(response, error instanceof Failure ? error.status : 500, { error: error.message });
  }
}

exports.createServer = () => {
  const server = http.createServer({ requestTimeout: 30000 }, handle);
  server.on('upgrade', websocket.upgrade);
  return server;
};
