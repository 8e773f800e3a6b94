// The built program, on a free port, with a directory of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const BUILT = join(process.env.CARGO_TARGET_DIR ?? join(REPOSITORY, "target"), "debug");

// The settings of whoever runs the tests are not those of the tests.
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(RUNSCOPE_|QUICKSTART_|RUST_LOG)/.test(name)),
);

// Starts a program that cargo has built, and gives it with the first line that holds `text`, and what it said
// before.
export async function start(name, args, text) {
  const child = spawn(join(BUILT, name), args, { env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  child.stderr.on("data", (data) => said.push(String(data)));
  const failed = new Promise((_, fail) => {
    child.once("error", fail);
    child.once("exit", () => fail(new Error(`${name} ended without “${text}”: ${said.join("")}`)));
  });
  const printed = (async () => {
    for await (const line of createInterface(child.stdout)) {
      said.push(`${line}\n`);
      if (line.includes(text)) return line;
    }
    return failed;
  })();
  const line = await Promise.race([printed, failed]);
  failed.catch(() => {});
  // What is printed later is read too, or the program would wait to be heard.
  child.stdout.resume();
  return { child, line, before: said.join("") };
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

export class Server {
  static async start(args = []) {
    const data = await mkdtemp(join(tmpdir(), "runscope-browser-"));
    const server = new Server(data, args);
    try {
      await server.#run("127.0.0.1:0");
    } catch (error) {
      await rm(data, { recursive: true, force: true });
      throw error;
    }
    return server;
  }

  constructor(data, args) {
    this.data = data;
    this.args = args;
  }

  async #run(listen) {
    const args = ["--listen", listen, "--data", this.data, "--durability", "process", ...this.args];
    const { child, line } = await start("runscope-inspector", args, "/open?token=");
    this.child = child;
    this.link = line.replace("Open ", "").trim();
    this.base = new URL(this.link).origin;
    this.token = new URL(this.link).searchParams.get("token");
  }

  // The same server again, at the same address, with what it keeps.
  async restart(meanwhile = async () => {}) {
    await stop(this.child);
    await meanwhile();
    await this.#run(new URL(this.base).host);
  }

  async stop() {
    await stop(this.child);
    await rm(this.data, { recursive: true, force: true });
  }

  async api(method, path, body) {
    const answer = await fetch(this.base + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  // Shares a call, and gives the path of its page.
  async share(uuid) {
    const { data } = await this.api("PUT", `/buckets/default/shared/${uuid}`);
    return `/s/${new URL(data.public_url).pathname.split("/").at(-1)}`;
  }

  // Sends messages, and gives the identifiers of the calls they became.
  async send(...messages) {
    const uuids = [];
    for (let at = 0; at < messages.length; at += 1000) {
      const { data } = await this.api("POST", "/buckets/default/messages", messages.slice(at, at + 1000));
      for (const { uuid, error } of data) {
        if (error) throw new Error(`a message was refused: ${error.message}`);
        uuids.push(uuid);
      }
    }
    return uuids;
  }
}
