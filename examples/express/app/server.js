// Pages, a form and a WebSocket whose messages are kept in a file.
'use strict';

const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const express = require('express');
const { WebSocketServer } = require('ws');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'talk-'));
const log = path.join(folder, 'log');
const app = express();
app.use(express.static(path.join(__dirname, 'public')));
app.use(express.urlencoded({ extended: false }));

app.get('/log', (request, response) => {
  fs.readFile(log, 'utf8', (error, text) => response.type('text').send(error ? 'nothing\n' : text));
});

app.post('/say', (request, response) => {
  fs.appendFile(log, `${String(request.body.text).slice(0, 200)}\n`, (error) => {
    response.redirect(error ? 500 : 303, '/log');
  });
});

const server = http.createServer(app);
const sockets = new WebSocketServer({ server, path: '/talk' });
sockets.on('connection', (socket) => {
  socket.on('message', (message) => {
    fs.appendFile(log, message.toString().slice(0, 200) + '\n', () => socket.send(message.toString()));
  });
});
server.listen(3000);
process.on('SIGTERM', () => process.exit(0));
