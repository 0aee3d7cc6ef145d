'use strict';
// WebSocket by hand (RFC 6455): sends back what it is told.

const { createHash } = require('crypto');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const LIMIT = 1 << 20;
const [CONTINUED, CLOSE, PING, PONG] = [0, 8, 9, 10];

function frame(opcode, payload) {
  const { length } = payload;
  const head = length < 126 ? Buffer.alloc(2) : length < 65536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

// The first frame in `buffer`, undefined while it is incomplete.
function parse(buffer) {
  if (buffer.length < 2) return undefined;
  const short = buffer[1] & 0x7f;
  const at = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (buffer.length < at + 4) return undefined;
  const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
  if (!(buffer[1] & 0x80) || length > LIMIT) throw new Error('a frame without a mask, or too long');
  if (buffer.length < at + 4 + length) return undefined;
  const payload = Buffer.from(buffer.subarray(at + 4, at + 4 + length));
  for (let index = 0; index < length; index += 1) payload[index] ^= buffer[at + (index % 4)];
  return { final: Boolean(buffer[0] & 0x80), opcode: buffer[0] & 0x0f, payload, size: at + 4 + length };
}

function converse(socket, first) {
  let received = first;
  let message = { opcode: 0, pieces: [] };
  const take = ({ final, opcode, payload }) => {
    if (opcode === CLOSE) return socket.end(frame(CLOSE, payload));
    if (opcode === PING) return socket.write(frame(PONG, payload));
    if (opcode === PONG) return undefined;
    message = { opcode: opcode === CONTINUED ? message.opcode : opcode, pieces: [...message.pieces, payload] };
    if (!final) return undefined;
    socket.write(frame(message.opcode, Buffer.concat(message.pieces)));
    message = { opcode: 0, pieces: [] };
    return undefined;
  };
  const drain = () => {
    for (let next = parse(received); next; next = parse(received)) {
      received = received.subarray(next.size);
      take(next);
    }
  };
  const read = (piece) => {
    received = Buffer.concat([received, piece]);
    try {
      drain();
    } catch {
      socket.destroy();
    }
  };
  socket.on('data', read);
  read(Buffer.alloc(0));
}

exports.upgrade = (request, socket, head) => {
  socket.on('error', () => socket.destroy());
  const key = request.headers['sec-websocket-key'];
  if (request.url.split('?')[0] !== '/api/ws' || !key) {
    return socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  }
  const accepted = createHash('sha1').update(key + GUID).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
  );
  socket.setNoDelay(true);
  return converse(socket, head);
};
