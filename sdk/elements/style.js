// How the elements look. Colours follow the page's color-scheme; each has a custom property.

const COMMON = `
:host {
  --_background: var(--confab-background, light-dark(#ffffff, #1a1c20));
  --_side: var(--confab-side, light-dark(#f5f4f1, #131518));
  --_text: var(--confab-text, light-dark(#1c1d1f, #e7e7e4));
  --_muted: var(--confab-muted, light-dark(#5f6166, #a6a9af));
  --_accent: var(--confab-accent, light-dark(#0f766e, #4fc3b3));
  --_on-accent: var(--confab-on-accent, light-dark(#ffffff, #05211e));
  --_line: var(--confab-line, light-dark(#0000002b, #ffffff2b));
  --_error: var(--confab-error, light-dark(#b3261e, #ff8a70));
  --_radius: var(--confab-radius, 8px);
  --_target: 2.25rem;
  display: flex;
  min-width: 0;
  min-height: 0;
  background: var(--_background);
  color: var(--_text);
  font: var(--confab-font, 1rem/1.5 system-ui, sans-serif);
}
:host([hidden]) { display: none; }
:host([theme=auto]) { color-scheme: light dark; }
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
*, ::before, ::after { box-sizing: border-box; }
h2, p, ul, ol { margin: 0; padding: 0; }
button, textarea { font: inherit; color: inherit; }
button { min-height: var(--_target); padding: .25rem .75rem; border: 1px solid var(--_line); border-radius: var(--_radius); background: none; cursor: pointer; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (pointer: coarse) { :host { --_target: 44px; } }
`;

export const CHAT = `${COMMON}
:host { container-type: inline-size; overflow: hidden; }
slot { display: flex; flex: 1; min-width: 0; min-height: 0; }
.frame { display: grid; flex: 1; grid-template: minmax(0, 1fr) / minmax(9rem, 14rem) minmax(0, 1fr); min-width: 0; }
confab-room { flex: 1; }
@container (max-width: 34rem) {
  .frame { grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); }
}
`;

/** In a narrow <confab-chat> the rooms stand in a row. */
export const INBOX = `${COMMON}
nav { flex: 1; min-width: 0; overflow-y: auto; padding: .5rem; background: var(--_side); border-inline-end: 1px solid var(--_line); }
nav ul { list-style: none; }
nav button { display: flex; align-items: center; gap: .5rem; width: 100%; border-color: transparent; text-align: start; }
nav button:hover { border-color: var(--_line); }
nav [aria-current] { border-color: var(--_line); background: var(--_background); font-weight: 600; }
nav bdi { flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.badge { padding: 0 .45rem; border-radius: 1rem; background: var(--_accent); color: var(--_on-accent); font-size: .8rem; line-height: 1.4; }
@container (max-width: 34rem) {
  nav { overflow: auto hidden; border-inline-end: 0; border-block-end: 1px solid var(--_line); }
  nav ul { display: flex; gap: .25rem; }
  nav bdi { max-width: 10rem; }
}
`;

export const ROOM = `${COMMON}
section { display: flex; flex: 1; flex-direction: column; min-width: 0; min-height: 0; }
header { display: flex; align-items: baseline; gap: .75rem; padding: .6rem 1rem; border-block-end: 1px solid var(--_line); }
h2 { overflow: hidden; font-size: 1rem; text-overflow: ellipsis; white-space: nowrap; }
header p, time, .note, .edited, .status { color: var(--_muted); font-size: .8rem; }
/* Times, and words that are not translated, keep their own direction where all else runs the other way. */
header p, time, .note, .status { unicode-bidi: plaintext; text-align: -webkit-match-parent; text-align: match-parent; }
.log { display: flex; flex: 1; flex-direction: column; min-height: 0; padding: .5rem 1rem; overflow: hidden auto; overflow-anchor: none; overscroll-behavior: contain; }
.log:focus-visible { outline-offset: -2px; }
.log ol.messages { margin-block-start: auto; list-style: none; }
.older { align-self: center; }
.message { padding-block: .1rem; }
.message.first { padding-block-start: .6rem; }
.line { display: flex; align-items: baseline; gap: .5rem; }
.author { overflow: hidden; font-weight: 650; text-overflow: ellipsis; white-space: nowrap; }
.own .author { color: var(--_accent); }
.text { overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext; }
.text a { color: var(--_accent); }
.text code { padding: .1em .3em; border-radius: 4px; background: var(--_side); font-size: .9em; }
.text pre { margin: .25rem 0; padding: .5rem .75rem; border-radius: var(--_radius); background: var(--_side); overflow-x: auto; white-space: pre; }
.text pre code { padding: 0; background: none; }
.text ul { padding-inline-start: 1.5rem; list-style: disc; }
.text ol { padding-inline-start: 1.5rem; list-style: decimal; }
.text blockquote { margin: .2rem 0; padding-inline-start: .75rem; border-inline-start: 3px solid var(--_line); }
.gone { color: var(--_muted); font-style: italic; }
.sending .text { color: var(--_muted); }
.failure { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; color: var(--_error); font-size: .85rem; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem; padding-block: .2rem; }
.chips button { min-height: 1.75rem; padding: 0 .6rem; border-radius: 1rem; font-size: .85rem; }
.chips [aria-pressed=true] { border-color: var(--_accent); }
.files { list-style: none; }
.files a { color: var(--_accent); overflow-wrap: anywhere; }
.message { position: relative; }
.actions { position: absolute; inset-block-start: .1rem; inset-inline-end: 0; display: flex; gap: .25rem; background: var(--_background); opacity: 0; }
.message:is(:hover, :focus-within) .actions { opacity: 1; }
.actions button { min-height: 1.75rem; padding: 0 .6rem; font-size: .8rem; }
.editing { display: flex; align-items: center; justify-content: space-between; gap: .75rem; padding: 0 1rem .25rem; color: var(--_accent); font-size: .85rem; font-weight: 600; }
.editing[hidden] { display: none; }
.status { min-height: 1.5rem; padding: 0 1rem; }
form { display: flex; align-items: flex-end; gap: .5rem; padding: 0 1rem .75rem; }
textarea { flex: 1; min-width: 0; min-height: var(--_target); max-height: 10rem; padding: .35rem .75rem; border: 1px solid var(--_muted); border-radius: var(--_radius); background: var(--_background); field-sizing: content; resize: none; }
textarea::placeholder { color: var(--_muted); opacity: 1; }
form button { border-color: transparent; background: var(--_accent); color: var(--_on-accent); font-weight: 600; }
@media (hover: none) { .actions { position: static; opacity: 1; } }
@media (pointer: coarse) { .chips button, .actions button { min-height: 44px; min-width: 44px; } textarea { font-size: max(16px, 1rem); } }
`;
