/** Which keys `storage` takes. One rule for all adapters, so that what one of them stored can move to another. */

/** Segments of plain characters, none of dots alone: nothing that leaves a folder, or is another file on another system. */
const KEY = /^(?!(?:.*\/)?\.+(?:\/|$))[a-z0-9_.-]{1,200}(?:\/[a-z0-9_.-]{1,200}){0,15}$/
/** Characters. S3 takes 1,024 bytes, of which an operator's prefix may need some. */
const LONGEST = 900

/** Throws unless the key is one that every adapter can keep. */
export const checkKey = (key: string): void => {
  if (key.length > LONGEST || !KEY.test(key)) {
    throw new TypeError(`storage refuses the key ${JSON.stringify(key.slice(0, 99))}: it takes segments of a-z 0-9 _ . - joined by /, ${LONGEST} characters in all`)
  }
}
