// node: http.request over an agent that keeps one connection.
const fs = require("fs"), http = require("http");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const ask = (line) => new Promise((done, failed) => {
  const [method, url, headers, body] = line.split("\t");
  const sent = Object.fromEntries(headers.split("|").filter(Boolean).map((pair) => pair.split(/: (.*)/s)));
  const data = Buffer.from(body, "base64");
  if (data.length) sent["Content-Length"] = data.length;
  const request = http.request(url, { method, headers: sent, agent }, (response) => {
    const pieces = [];
    response.on("data", (piece) => pieces.push(piece));
    response.on("end", () => {
      console.log([response.statusCode, response.headers.location || "", Buffer.concat(pieces).toString("base64")].join("\t"));
      done();
    });
  });
  request.on("error", failed);
  request.end(data);
});
(async () => {
  for (const line of fs.readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) await ask(line);
  agent.destroy();
})();
