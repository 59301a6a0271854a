// The controls. One keeps its own core busy, and leaves the server alone: what the two notice of it is noise. The other are people
// who do nothing wrong: what the two notice of them is what it costs to share a core.
import { textFrame } from "../../tests/e2e/support/raw.mjs";

export const beasts = [
  {
    name: "nobody: only the generator's own work",
    rage: (cage) =>
      cage.repeat(() => {
        for (const end = performance.now() + 5; performance.now() < end; );
      }),
  },
  {
    name: "neighbours: people who come, chat in rooms of their own, and leave",
    rage: (cage) =>
      cage.repeat(async (i) => {
        const room = `parlour-${i % 8}`;
        const client = await cage.member(`neighbour${i}`, room);
        for (let id = 10; id < 13; ++id) {
          client.write(textFrame({ type: "send", id, room, text: "Good evening. How was your day?" }));
          await client.expect({ object: { re: id } });
        }
        client.destroy();
      }),
  },
];
