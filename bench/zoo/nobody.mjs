// The control: a beast that keeps its own core busy, and leaves the server alone. What the two notice of it is noise.
export const beasts = [
  {
    name: "nobody: only the generator's own work",
    rage: (cage) =>
      cage.repeat(() => {
        for (const end = performance.now() + 5; performance.now() < end; );
      }),
  },
];
