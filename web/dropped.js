// Files that are pasted or dropped. No server can give a place to put them to yet (`upload` is `forbidden`), so there is no
// button for files; who tries all the same is told, and the browser does not open the file in the place of the chat.

import { toast } from "./notices.js";

const SORRY = "Files cannot be sent here. Put the file where others can open it, and send its address.";

/** What is copied from a document may be a text and a picture of it: then the text is pasted. */
const isFile = ({ types }) => types.includes("Files") && !types.includes("text/plain");

export function refuseFiles() {
  const refuse = (event) => {
    if (!isFile(event.clipboardData ?? event.dataTransfer)) return;
    event.preventDefault();
    toast(SORRY);
  };
  addEventListener("paste", refuse);
  addEventListener("drop", refuse);
  addEventListener("dragover", (event) => isFile(event.dataTransfer) && event.preventDefault()); // else there is no drop
}
