// Each beast that abuses the HTTP API, beside two who chat.

import { beasts } from "./beasts/api.mjs";
import { encounter } from "./support/zoo.mjs";

for (const beast of beasts) encounter(beast);
