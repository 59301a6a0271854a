// Each beast that abuses connections, beside two who chat.

import { beasts } from "./beasts/connections.mjs";
import { encounter } from "./support/zoo.mjs";

for (const beast of beasts) encounter(beast);
