// What this server's options say to the page. The server answers with its own values.

/** From where pictures are shown without a click: the option `image_origins`. */
export const IMAGE_ORIGINS = [];
