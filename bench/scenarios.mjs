// What is measured. Each scenario says what the load generator does (`swarm`), what the server is
// started with (`how`), for whom it makes sense (`needs`, `ours`), and how often (`once`; with
// `others_once` only ours and the yardstick are run in every round).

const shapes = { "100x20": [100, 2000], "10x200": [10, 2000], "1x2000": [1, 2000] };
const crowd = (rooms, connections) => ["--rooms", rooms, "--connections", connections];

function* all() {
  for (const [shape, [rooms, connections]] of Object.entries(shapes)) {
    const closed = [...crowd(rooms, connections), "--in-flight", 8];
    yield { name: `closed_${shape}`, quick: true, swarm: closed };
    yield { name: `closed_all_${shape}`, others_once: true, swarm: [...closed, "--until-all"] };
  }
  for (const rate of [20_000, 100_000, 200_000]) {
    for (const [shape, [rooms, connections]] of Object.entries(shapes)) {
      yield {
        name: `open_${rate / 1000}k_${shape}`, rate, closed: `closed_${shape}`,
        quick: rate === 20_000 ? shape !== "10x200" : rate === 100_000 && shape === "100x20",
        others_once: rate > 20_000, once: rate === 20_000 && shape === "10x200",
        // A room of 2,000 hears ten messages a second then: too few for a percentile in less.
        seconds: rate === 20_000 && shape === "1x2000" ? 3 : undefined,
        swarm: [...crowd(rooms, connections), "--rate", rate],
      };
    }
  }
  yield { name: "two_shards_open_20k_1x2000", ours: true, quick: true, both_cores: true, rate: 20_000, seconds: 3, how: { shards: 2 },
    swarm: [...crowd(1, 2000), "--rate", 20_000] };
  yield { name: "echo_100", needs: "echo", once: true, how: { echo: true }, dialect: (d) => `${d}-echo`, swarm: [...crowd(100, 100), "--in-flight", 1] };
  yield { name: "storm", quick: true, swarm: ["--mode", "storm", ...crowd(150, 3000)] };
  yield { name: "storm_resume", ours: true, quick: true, dialect: (d) => `${d}-resume`, swarm: ["--mode", "storm", ...crowd(150, 3000)] };
  yield { name: "idle_10000", quick: true, once: true, seconds: 5, swarm: ["--mode", "idle", ...crowd(100, 10000)] };
  for (const stage of [0, 1]) {
    yield { name: `idle_10000_stage_${stage}`, ours: true, once: true, seconds: 5, how: { patient: true },
      swarm: ["--mode", "idle", ...crowd(100, 10000), "--stage", stage] };
  }
  for (const bytes of [256, 1024]) {
    const load = [...crowd(10, 2000), "--in-flight", 8, "--text-bytes", bytes];
    yield { name: `text_${bytes}_10x200`, once: true, swarm: load };
    yield { name: `cbor_${bytes}_10x200`, needs: "cbor", once: true, dialect: () => "confab-cbor", swarm: load };
  }
  yield { name: "cbor_64_10x200", needs: "cbor", once: true, dialect: () => "confab-cbor", swarm: [...crowd(10, 2000), "--in-flight", 8] };
  const room_of_200 = [...crowd(1, 200), "--in-flight", 8, "--text-bytes", 1024];
  yield { name: "plain_1024_1x200", needs: "deflate", swarm: room_of_200 };
  yield { name: "deflate_1024_1x200", needs: "deflate", how: { deflate: true }, swarm: [...room_of_200, "--deflate"] };
  for (const bytes of [64, 1024]) {
    yield { name: `tls_${bytes}_10x200`, needs: "tls", once: true, how: { tls: true },
      swarm: [...crowd(10, 2000), "--in-flight", 8, "--text-bytes", bytes, "--tls"] };
  }
  const quiet = ["--quiet", 20, "--quiet-rate", 100, ...crowd(1, 200)];
  yield { name: "quiet_room_alone", once: true, swarm: quiet };
  yield { name: "quiet_room_beside_saturated", once: true, swarm: [...quiet, "--in-flight", 32] };
  // A member gets 200 KB a second: in eight seconds more than an outbox may hold.
  const heavy = [...crowd(1, 2000), "--rate", 100_000, "--text-bytes", 4000];
  yield { name: "readers_all_read", once: true, seconds: 8, rate: 100_000, closed: "text_1024_10x200", swarm: heavy };
  yield { name: "readers_1_percent_stop", once: true, seconds: 8, rate: 100_000, closed: "text_1024_10x200", swarm: [...heavy, "--deaf", 20] };
}

export const scenarios = [...all()];
