// Each beast that abuses HTTP, beside two who chat.

import { beasts } from "./beasts/http.mjs";
import { encounter } from "./support/zoo.mjs";

for (const beast of beasts) encounter(beast);
