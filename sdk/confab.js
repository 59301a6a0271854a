// The public entry. Its types are in confab.d.ts.

export { CloseCode, ErrorCode, closeAction } from "./codes.js";
export { ConfabClient, connect } from "./client.js";
export {
  ConfabError,
  ConnectError,
  ConnectionLostError,
  ProtocolError,
  QueueFullError,
  RequestTimeoutError,
  ServerError,
  StoppedError,
  TokenError,
} from "./errors.js";
