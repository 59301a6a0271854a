// A server of the deployment's that webhooks are sent to.

import http from "node:http";

import { Webhook } from "standardwebhooks";

import { until, within } from "./deadline.mjs";

/** It keeps what came, and answers as `reply` says: a status, or what `{status, headers, body}` say; or by itself. */
export class Receiver {
  came = [];
  secrets = [];
  reply = () => 204;
  #waiting = [];

  static async start(world, { host = "127.0.0.1", server = http.createServer() } = {}) {
    const receiver = new Receiver();
    receiver.server = server;
    server.on("request", (request, response) => receiver.#take(request, response));
    server.on("connection", (socket) => socket.on("error", () => {}));
    await new Promise((resolve) => server.listen(0, host, resolve));
    receiver.port = server.address().port;
    receiver.url = `http://127.0.0.1:${receiver.port}/hook`;
    world.atEnd(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return receiver;
  }

  async #take(request, response) {
    let body = "";
    request.setEncoding("utf8");
    request.on("error", () => {});
    for await (const part of request) body += part;
    const { method, url, headers } = request;
    const one = { method, url, headers, id: headers["webhook-id"], text: body };
    one.json = JSON.parse(body);
    one.events = one.json.type === "batch" ? one.json.data.events : [one.json];
    // Each of the secrets must have signed: it throws where one has not.
    for (const secret of this.secrets) {
      try {
        new Webhook(secret).verify(body, headers);
      } catch (error) {
        one.fault = error;
      }
    }
    this.came.push(one);
    // Before the answer, which may be held back until whoever waits has gone on.
    for (const look of [...this.#waiting]) look();
    const said = await this.reply(one, response, request);
    if (said !== undefined) {
      const { status, headers: more = {}, body: answer = "" } = typeof said === "number" ? { status: said } : said;
      if (!response.destroyed) response.writeHead(status, more).end(answer);
    }
  }

  /** Once `fits` says so of all that came. */
  async when(what, fits) {
    if (fits(this.came)) return;
    let look;
    const came = new Promise((resolve) => {
      look = () => fits(this.came) && resolve();
      this.#waiting.push(look);
    });
    await within(came, () => `${what}; there came ${this.came.map((one) => one.id).join(" ")}`);
    this.#waiting.splice(this.#waiting.indexOf(look), 1);
  }
  count(number) {
    return this.when(`${number} deliveries`, (came) => came.length >= number);
  }
  get faults() {
    return this.came.filter((one) => one.fault);
  }
  /** The texts of messages of one room, each where it came first. */
  texts(room) {
    const ids = new Set();
    const events = this.came.flatMap((one) => one.events.map((event) => ({ id: event.id ?? one.id, ...event })));
    return events
      .filter((event) => event.data.room === room && event.type === "message.created" && !ids.has(event.id) && ids.add(event.id))
      .map((event) => event.data.entry.text);
  }
}

/** What the server says of a webhook, once `fits` says so. */
export async function webhook(api, id, what, fits) {
  let json;
  await until(what, async () => {
    ({ json } = await api.get(`/webhooks/${id}`));
    return fits(json);
  });
  return json;
}
