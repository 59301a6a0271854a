// The files of a message: what they are, and links to them. A picture of another origin is loaded only for who asks for it:
// whoever keeps it there would learn who has read the message. Those that the operator trusts are shown at once.

import { IMAGE_ORIGINS } from "./config.js";
import { bdi, el } from "./dom.js";
import { fileName } from "./text.js";

const KINDS = { image: "picture", video: "video", audio: "recording", text: "text" };
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

const SHOWN_FROM = [location.origin, ...IMAGE_ORIGINS];

/** Those that were asked for, each in its message. */
const asked = new Set();

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
export function filesOf({ attachments }, key) {
  if (!attachments?.length) return null;
  return el("ul", { class: "files", "aria-label": "Files" }, attachments.map((file) => fileElement(file, key)));
}

function fileElement(file, key) {
  const { mime, bytes, width, height, ms, thumb } = file;
  const address = addressOf(file);
  const name = bdi(fileName(file), "name");
  const facts = [
    kindLabel(mime), bytes !== undefined && sizeLabel(bytes), width > 0 && height > 0 && `${width} × ${height}`, ms > 0 && lengthLabel(ms),
    address ? address.host : "cannot be opened here",
  ].filter(Boolean).join(" · ");
  const picture = addressOf(thumb) ?? (mime?.startsWith("image/") ? address : null);
  return el("li", { class: "file" },
    address ? el("a", { href: address.href, target: "_blank", rel: "noopener noreferrer nofollow" }, name) : name,
    el("span", { class: "muted facts", textContent: facts }),
    picture && pictureElement(picture, file, `${key} ${picture.href}`));
}

function pictureElement(address, file, key) {
  const name = fileName(file);
  const place = el("div", { class: "picture" });
  const load = () => {
    const { width, height } = file;
    const image = el("img", { alt: name, referrerPolicy: "no-referrer", decoding: "async", ...(width > 0 && height > 0 && { width, height }) });
    image.addEventListener("error", () => place.replaceChildren(el("p", { class: "muted", textContent: "The picture could not be loaded." })));
    image.src = address.href;
    place.replaceChildren(image);
  };
  if (SHOWN_FROM.includes(address.origin) || asked.has(key)) load();
  else {
    const button = el("button", { type: "button", class: "link", textContent: "Show picture", "aria-label": `Show picture ${name} from ${address.host}` });
    button.addEventListener("click", () => {
      asked.add(key);
      load();
    });
    place.append(button);
  }
  return place;
}
