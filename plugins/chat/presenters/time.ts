/** Times on the wire are whole epoch seconds. */
export const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)
