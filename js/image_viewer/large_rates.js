/** How fast videos are played. */
export const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];

/** A rate the browsers can play. @param {unknown} rate */
export const playable = (rate) => (Number(rate) > 0 ? Math.min(4, Math.max(0.25, Number(rate))) : 1);
