/** Words of what is done with a picture's workflow. */
export const strings = {
  load: "Load workflow",
  newTab: "Open in a new workflow tab",
  send: "Send to input",
  download: "Download workflow JSON",
  noWorkflow: "No workflow is stored in this file",
  gone: "This picture is no longer in the list.",
};
