/**
 * Plural and singular of an English word become one term. The rules are the "S stemmer" of D. Harman, "How effective is suffixing?",
 * Journal of the American Society for Information Science 42(1), 1991, p. 7-15: it joins what surely belongs together and nothing more.
 */
export const stem = (word: string): string => {
  const bare = word.replace(/['\u2019]s?$/, '')
  if (bare.length < 4 || !bare.endsWith('s')) return bare
  if (bare.endsWith('ies')) return /[ae]ies$/.test(bare) ? bare : `${bare.slice(0, -3)}y`
  if (bare.endsWith('es')) return /[aeo]es$/.test(bare) ? bare : bare.slice(0, -1)
  return /[us]s$/.test(bare) ? bare : bare.slice(0, -1)
}
