// Files that are pasted or dropped. Where they cannot be sent, who tries is told so; the browser does not open the file in the
// place of the chat either way.

import { toast } from "./notices.js";

const SORRY = "Files cannot be sent here. Put the file where others can open it, and send its address.";

/** What is copied from a document may be a text and a picture of it: then the text is pasted. */
const isFile = ({ types }) => types.includes("Files") && !types.includes("text/plain");

/** `take` gets them, and says whether it can do something with them. */
let take = () => false;
export const takeFiles = (taker) => (take = taker);

export function refuseFiles() {
  const caught = (event) => {
    const data = event.clipboardData ?? event.dataTransfer;
    if (!isFile(data)) return;
    event.preventDefault();
    if (!take([...data.files])) toast(SORRY);
  };
  addEventListener("paste", caught);
  addEventListener("drop", caught);
  addEventListener("dragover", (event) => isFile(event.dataTransfer) && event.preventDefault()); // else there is no drop
}
