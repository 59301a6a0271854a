// A chat of rooms, threads and direct messages, with unread counts, typing, and messages that are shown before they are sent.

import { StrictMode, useEffect, useRef, useState, type FormEvent } from "react";
import { ConfabProvider, useConfab, usePresence, useRoom, useTyping, type TimelineMessage } from "confab-sdk/react";
import type { ClientOptions } from "confab-sdk";

export function App({ options }: { options: ClientOptions }) {
  return (
    <StrictMode>
      <ConfabProvider options={options}>
        <Chat />
      </ConfabProvider>
    </StrictMode>
  );
}

function Chat() {
  const [open, setOpen] = useState("general");
  return (
    <div className="chat">
      <Rooms open={open} onOpen={setOpen} />
      <Room key={open} room={open} onOpen={setOpen} />
    </div>
  );
}

function Rooms({ open, onOpen }: { open: string; onOpen: (key: string) => void }) {
  const { rooms, connection, unread } = useConfab();
  const [name, setName] = useState("");
  const enter = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) onOpen(name.trim());
    setName("");
  };
  return (
    <nav aria-label="Rooms">
      <p>{connection.state === "live" ? `${unread} unread` : "Connecting…"}</p>
      {rooms.map(({ key, title, unread }) => (
        <button key={key} aria-current={key === open || undefined} onClick={() => onOpen(key)}>
          {title} {unread > 0 && <strong>({unread})</strong>}
        </button>
      ))}
      <form onSubmit={enter}>
        <input aria-label="Another room" placeholder="room or @user" value={name} onChange={(event) => setName(event.target.value)} />
      </form>
    </nav>
  );
}

function Room({ room: key, onOpen }: { room: string; onOpen: (key: string) => void }) {
  const room = useRoom(key);
  const { typing, setTyping } = useTyping(key);
  const { online, members } = usePresence(key);
  const [text, setText] = useState("");
  const [thread, setThread] = useState<number>(); // the number of its first message
  const shown = room.messages.filter((one) => one.thread === thread || one.seq === thread);
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    end.current?.scrollIntoView();
    room.markRead();
  }, [room.messages, room.markRead]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) void room.send(text, { thread });
    setText("");
  };
  return (
    <main>
      <h1>{thread === undefined ? room.title : <>Thread <button onClick={() => setThread(undefined)}>Back to {room.title}</button></>}</h1>
      <p>{room.error?.message ?? `${online} online: ${members.map(({ name }) => name).join(", ")}`}</p>
      <ol aria-label="Messages">
        {room.hasOlder && <li><button disabled={room.loadingOlder} onClick={room.loadOlder}>Earlier messages</button></li>}
        {shown.map((message) => (
          <Message key={message.id} message={message} onRetry={room.retry} onReact={room.toggleReaction} onAuthor={onOpen} onThread={setThread} />
        ))}
        <li ref={end} />
      </ol>
      <small aria-live="polite">{typing.length > 0 && `${typing.map(({ name }) => name).join(", ")} typing…`}</small>
      <form onSubmit={submit}>
        <input aria-label="Message" value={text} onChange={(event) => (setText(event.target.value), setTyping(event.target.value !== ""))} />
        <button>Send</button>
      </form>
    </main>
  );
}

interface MessageProps {
  message: TimelineMessage;
  onRetry: (key: string) => void;
  onReact: (seq: number, emoji: string) => void;
  onAuthor: (key: string) => void;
  onThread: (seq: number) => void;
}

function Message({ message, onRetry, onReact, onAuthor, onThread }: MessageProps) {
  const { key, seq, from, name, text, deleted, reactions, replies, state, thread } = message;
  return (
    <li className={state}>
      <button onClick={() => onAuthor(`@${from}`)}>{name}</button> <span className="text">{deleted ? "(deleted)" : text}</span>{" "}
      {state === "failed" && key !== undefined && <button onClick={() => onRetry(key)}>Try again</button>}
      {seq !== null && !deleted && <button aria-label="Like" onClick={() => onReact(seq, "👍")}>👍 {reactions.find(({ emoji }) => emoji === "👍")?.count ?? 0}</button>}
      {seq !== null && thread === undefined && <button onClick={() => onThread(seq)}>{replies > 0 ? `Thread (${replies})` : "Reply"}</button>}
    </li>
  );
}
