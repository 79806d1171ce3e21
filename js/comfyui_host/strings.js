import { plural } from "../core/format.js";

export const strings = {
  noWorkflow: "No workflow is stored in this file.",
  notLoaded: "ComfyUI could not load this workflow. Its own message on the canvas says why.",
  notInstalled: (/** @type {string[]} */ types) =>
    `ComfyUI could not load this workflow: ${plural(types.length, "kind")} of node ${types.length === 1 ? "is" : "are"} not installed here: ${types.join(", ")}.`,
  unsaved: "Unsaved workflow",
  otherServer: "This picture belongs to another server than this ComfyUI. Send it from the gallery of this one.",
  refusedUpload: (/** @type {string} */ name, /** @type {string} */ why) =>
    `ComfyUI did not take “${name}” into its input folder: ${why}`,
  tooLarge: (/** @type {number} */ megabytes) =>
    megabytes
      ? `it takes files of up to ${megabytes} MB. Start it with --max-upload-size, or copy the file by hand.`
      : "the file is larger than it takes. Start it with --max-upload-size, or copy the file by hand.",
  status: (/** @type {number} */ status, /** @type {string} */ text) => `it answered ${status} ${text}`.trim(),
  unreachable: "it could not be reached.",
  gone: "The node is no longer on the canvas.",
  notSet: (/** @type {string} */ node) => `The file was copied, but “${node}” did not take it.`,
  noLoader: (/** @type {string} */ type) => `This ComfyUI has no node that loads such a file (${type}).`,
};
