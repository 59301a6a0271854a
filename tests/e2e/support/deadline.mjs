// Everything awaited has a deadline: a test that waits for ever says nothing. Nobody waits by time.

/** Generous: sanitizer builds on a loaded machine must hold it. */
export const DEADLINE_MS = 20_000;

/**
 * `promise`, or after `ms` an error that says what did not happen.
 * @template T
 * @param {Promise<T>} promise
 * @param {string | (() => string)} what
 * @returns {Promise<T>}
 */
export async function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not within ${ms} ms: ${typeof what === "function" ? what() : what}`)),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks `probe` again and again (it does I/O of its own, which is the pause) until it answers with something true. */
export async function until(what, probe, ms = DEADLINE_MS) {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
  }
}

/** What `read` says `count` times, `everyMs` apart: to see that nothing happens one has to look for a while. */
export function observe(read, everyMs, count) {
  return new Promise((resolve, reject) => {
    const seen = [];
    const timer = setInterval(async () => {
      try {
        seen.push(await read());
      } catch (error) {
        clearInterval(timer);
        return reject(error);
      }
      if (seen.length < count) return;
      clearInterval(timer);
      resolve(seen);
    }, everyMs);
  });
}

/** A promise and the function that fulfils it. */
export function signal() {
  let resolve;
  const promise = new Promise((yes) => (resolve = yes));
  return { promise, resolve };
}
