/** What keys, tags and channels are called in Redis. */

/** A tag that everything has. */
export const EVERYTHING = 'all'

/** Redis knows bytes. A string that is not text (half of a surrogate pair) would become another there, so it is written out. */
export const exact = (text: string): string => /\p{Surrogate}/u.test(text) ? `~${JSON.stringify(text)}` : `=${text}`
export const keyName = (key: string): string => `key${exact(key)}`
export const tagName = (tag: string): string => `tag${exact(tag)}`
export const nameOf = (what: { readonly key: string } | { readonly tag: string }): string => 'key' in what ? keyName(what.key) : tagName(what.tag)
