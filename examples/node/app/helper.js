'use strict';
// Works beside the server: as a thread it sums primes, as a process it sums numbers.

const { isMainThread, parentPort, workerData } = require('worker_threads');

function primes(below) {
  let sum = 0;
  for (let number = 2; number < below; number += 1) {
    let divisor = 2;
    while (divisor * divisor <= number && number % divisor) divisor += 1;
    if (divisor * divisor > number) sum += number;
  }
  return sum;
}

if (isMainThread) {
  process.once('message', (last) => {
    let sum = 0;
    for (let number = 1; number <= last; number += 1) sum += number;
    process.send(sum, () => process.disconnect());
  });
} else {
  parentPort.postMessage(primes(workerData));
}
