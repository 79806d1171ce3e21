// As much of ComfyUI's scripts/app.js as js/comfyui/ may count on, for `tsc --checkJs`.
export const app: any;
export class ComfyApp {
  [member: string]: any;
}
