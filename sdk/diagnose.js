// What can be said of an attempt that brought no session.

/** What Node says of machines that do not answer. */
const UNREACHABLE = /E(CONN|NOTF|AI_|HOST|NET|TIME)/;

/**
 * @param {object} failure
 * @param {string} failure.url
 * @param {boolean} failure.opened
 * @param {string} failure.detail what the socket said of it; browsers' sockets say nothing
 * @param {string} failure.end how it ended
 * @param {((url: string) => Promise<number>) | undefined} look asks by HTTP: the status, 0 where it is not to be known; rejects where nobody answers
 * @returns {Promise<[import("./confab.js").ConnectFailure, string]>}
 */
export async function diagnose({ url, opened, detail, end }, look) {
  if (opened) return ["no_welcome", `${url} brought no welcome (${end}): is it a Confab server?`];
  let unreachable = UNREACHABLE.test(detail);
  let status = Number(/response: (\d+)/.exec(detail)?.[1] ?? 0);
  if (look) {
    try {
      status ||= await look(url.replace(/^ws/, "http"));
    } catch {
      unreachable = true;
    }
  }
  const why = detail || end;
  if (status === 404) return ["wrong_path", `there is nothing at ${url} (HTTP ${status}): is the path right?`];
  // To a plain request a WebSocket's path says 426, so what failed was the way to it.
  if (status >= 400 && status !== 426) return ["refused", `${url} refused (HTTP ${status})`];
  if (unreachable) return ["unreachable", `nobody answers at ${url} (${why})`];
  return ["unknown", `${url} could not be opened (${why})`];
}
