// The files of a message: what they are, and links to them. A picture of another origin is loaded only for who asks for it:
// whoever keeps it there would learn who has read the message. Those that the operator trusts are shown at once.

import { IMAGE_ORIGINS } from "./config.js";
import { bdi, el } from "./dom.js";
import { plain, toast } from "./notices.js";
import { fileName } from "./text.js";

const KINDS = { image: "picture", video: "video", audio: "recording", text: "text" };
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

const SHOWN_FROM = [location.origin, ...IMAGE_ORIGINS];

/** Those that were asked for, each in its message, and where they are. */
const asked = new Map();

/** Tells where a file is that the deployment keeps: of the room's key, the message's seq and the file's place in it. */
let addressOfKept = null;
export const findKeptFiles = (find) => (addressOfKept = find);

function sizeLabel(bytes) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const digits = bytes / 1000 ** step < 10 && step > 0 ? 1 : 0;
  return new Intl.NumberFormat(undefined, { style: "unit", unit: UNITS[step], unitDisplay: "short", maximumFractionDigits: digits }).format(bytes / 1000 ** step);
}

function lengthLabel(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function kindLabel(mime = "") {
  const [group, kind = ""] = mime.split(";")[0].trim().split("/");
  const short = /^[a-z0-9]{1,5}$/i.test(kind) && kind !== "plain" ? kind.toUpperCase() : "";
  return [short, KINDS[group] ?? (short ? "" : group)].filter(Boolean).join(" ");
}

/** The address, where it is one that may be opened. */
function addressOf({ url } = {}) {
  try {
    const address = new URL(url);
    return address.protocol === "https:" ? address : null;
  } catch {
    return null;
  }
}

/** `key`: of the message, unlike all others. */
export function filesOf({ attachments, seq }, key, room) {
  if (!attachments?.length) return null;
  const finder = (index) => (addressOfKept && Number.isSafeInteger(seq) ? async () => addressOf(await addressOfKept(room, seq, index)) : null);
  return el("ul", { class: "files", "aria-label": "Files" }, attachments.map((file, index) => fileElement(file, key, file.ref === undefined ? null : finder(index))));
}

/** `find`: of a file that the deployment keeps, where that can be asked. */
function fileElement(file, key, find) {
  const { mime, bytes, width, height, ms, thumb } = file;
  const address = addressOf(file);
  const name = bdi(fileName(file), "name");
  const facts = [
    kindLabel(mime), bytes !== undefined && sizeLabel(bytes), width > 0 && height > 0 && `${width} × ${height}`, ms > 0 && lengthLabel(ms),
    address ? address.host : !find && "cannot be opened here",
  ].filter(Boolean).join(" · ");
  const isPicture = mime?.startsWith("image/");
  const picture = addressOf(thumb) ?? (isPicture ? address : null);
  return el("li", { class: "file" },
    address ? linkTo(address, name) : find ? openButton(find, name, fileName(file)) : name,
    el("span", { class: "muted facts", textContent: facts }),
    picture ? pictureElement(async () => picture, picture, file, `${key} ${picture.href}`) : isPicture && find && pictureElement(find, null, file, `${key} ${file.ref}`));
}

const linkTo = (address, ...children) => el("a", { href: address.href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);

function openButton(find, name, label) {
  const button = el("button", { type: "button", class: "link", "aria-label": `Open ${label}` }, name);
  button.addEventListener("click", async () => {
    const address = await find().catch((error) => toast(plain(error)));
    if (address) linkTo(address).click();
  });
  return button;
}

/** `known`: where it is, unless that has to be asked. */
function pictureElement(find, known, file, key) {
  const name = fileName(file);
  const place = el("div", { class: "picture" });
  const load = (address) => {
    const { width, height } = file;
    const image = el("img", { alt: name, referrerPolicy: "no-referrer", decoding: "async", ...(width > 0 && height > 0 && { width, height }) });
    image.addEventListener("error", () => place.replaceChildren(el("p", { class: "muted", textContent: "The picture could not be loaded." })));
    image.src = address.href;
    place.replaceChildren(image);
  };
  if (known && SHOWN_FROM.includes(known.origin)) load(known);
  else if (asked.has(key)) load(asked.get(key));
  else {
    const button = el("button", { type: "button", class: "link", textContent: "Show picture", "aria-label": `Show picture ${name}${known ? ` from ${known.host}` : ""}` });
    button.addEventListener("click", async () => {
      const address = await find().catch((error) => toast(plain(error)));
      if (!address) return;
      asked.set(key, address);
      load(address);
    });
    place.append(button);
  }
  return place;
}
