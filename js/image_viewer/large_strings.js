/** Words of the large view. */
import { strings as common } from "./strings.js";

export const strings = {
  ...common,
  previous: "Previous",
  next: "Next",
  back: "Back to the gallery (Esc)",
  largeFailed: "This file could not be shown.",
  openOriginal: "Open the original file",
};
