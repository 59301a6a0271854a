// A beast that is stronger than any: it stops the whole server for 50 ms, five times a second.
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

export const beasts = [
  {
    name: "freezer",
    rage: (cage) =>
      cage.repeat(async () => {
        // At one go: whoever ends this process between two turns leaves a server behind that runs.
        process.kill(cage.server.pid, "SIGSTOP");
        pause(50);
        process.kill(cage.server.pid, "SIGCONT");
        await new Promise((resolve) => setTimeout(resolve, 150));
      }),
  },
];
