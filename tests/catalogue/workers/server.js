// A server at a port that no image is known for, and that nothing exposes.
const http = require("http");

http.createServer((request, response) => {
  let received = 0;
  request.on("data", (chunk) => { received += chunk.length; });
  request.on("end", () => {
    response.setHeader("Content-Type", "text/plain");
    response.end(`hello, ${received} bytes\n`);
  });
}).listen(4321);
