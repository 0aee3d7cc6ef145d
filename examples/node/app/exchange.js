'use strict';
// Reading requests and writing answers.

const LIMIT = 8 << 20;

class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function sendJson(response, status, value) {
  const content = Buffer.from(JSON.stringify(value));
  if (status >= 400) response.setHeader('Connection', 'close'); // the request's body may be unread
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': content.length });
  response.end(content);
}

async function body(request) {
  if (Number(request.headers['content-length'] || 0) > LIMIT) throw new Failure(413, 'the body is too large');
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > LIMIT) throw new Failure(413, 'the body is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function number(query, name, usual, most) {
  const value = Number(query.get(name) ?? usual);
  if (!Number.isInteger(value) || value < 0 || value > most) throw new Failure(400, `${name} is out of range`);
  return value;
}

module.exports = { Failure, body, number, sendJson };
