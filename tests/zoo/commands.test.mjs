// Each beast that abuses commands, beside two who chat.

import { beasts } from "./beasts/commands.mjs";
import { encounter } from "./support/zoo.mjs";

for (const beast of beasts) encounter(beast);
