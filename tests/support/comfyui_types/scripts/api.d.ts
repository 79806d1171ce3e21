export const api: any;
