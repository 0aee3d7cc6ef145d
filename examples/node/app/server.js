'use strict';
// Starts the application: one process, or as many as WORKERS says.

const cluster = require('cluster');
const { createServer } = require('./app');

const port = Number(process.env.PORT || 3000);
const workers = Number(process.env.WORKERS || 1);

function supervise() {
  for (let number = 0; number < workers; number += 1) cluster.fork();
  cluster.on('listening', () => {
    if (Object.keys(cluster.workers).length === workers) console.log(`${workers} workers on port ${port}`);
  });
  let ending = false;
  cluster.on('exit', () => ending || cluster.fork());
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      ending = true;
      for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
    });
  }
}

function serve() {
  const server = createServer();
  server.listen(port, () => console.log(`listening on port ${port}`));
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      server.close(() => process.exit(0));
      server.closeAllConnections();
    });
  }
}

if (cluster.isPrimary && workers > 1) supervise();
else serve();
